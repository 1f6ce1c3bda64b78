// The registry: keys and values in memory, no hive files yet. The Key objects that handles refer to are made
// per open; what they point at is a node of one tree.
// \Registry\Machine\System\CurrentControlSet\Services\NAME is what a driver gets as its registry path.
//
// wdm pages: nf-wdm-zwcreatekey, nf-wdm-zwopenkey, nf-wdm-zwqueryvaluekey, nf-wdm-zwsetvaluekey,
// nf-wdm-zwenumeratekey …
#pragma once
#include "abi/misc.h"
#include "base/result.h"
#include "kernel/ob/namespace.h"
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace nt::cm {

// Orders names without case, as the registry sorts subkeys.
struct NameLess {
    bool operator()(const std::u16string& a, const std::u16string& b) const;
};

struct Value {
    std::u16string name; // as first written
    ULONG type = REG_NONE;
    std::vector<UCHAR> data;
};

struct Node {
    std::u16string name;
    std::u16string class_name;
    Node* parent = nullptr;
    std::map<std::u16string, Node*, NameLess> children;
    std::vector<Value> values; // in the order of their making, as enumeration shows them
    LONGLONG last_write = 0;
    bool is_volatile = false;
    bool is_link = false; // to the key that its SymbolicLinkValue names
    bool deleted = false;
    ULONG references = 0;        // Key objects
    std::vector<UCHAR> security; // self-relative; empty: made before there was any
};

extern OBJECT_TYPE* key_type;

// The type Key, \Registry and its standard keys. After ob::initialize().
NTSTATUS initialize();

// HKLM\SYSTEM\CurrentControlSet\Services\NAME as the service control manager writes it for a driver: Type 1,
// Start 3, ErrorControl 1, ImagePath, DisplayName; and an empty Parameters key. An existing key keeps its
// other values.
void create_service(std::u16string_view name, std::u16string_view image_path);
// A value below a key path ("\Registry\Machine\…"), making keys on the way.
void set_value(std::u16string_view key, std::u16string_view name, ULONG type, const void* data,
               std::size_t size);

void make_key(std::u16string_view key);
// Null: no such key.
Node* find_key(std::u16string_view key);
// Null: no such key or value.
const Value* value_at(std::u16string_view key, std::u16string_view name);

struct CreateRequest {
    static constexpr ULONG magic = 'C' << 24 | 'm' << 16 | 'C' << 8 | 'r';
    ULONG mark = magic; // the context of a name's parsing may be another's: that of a file's open
    bool create = false;
    ULONG options = 0;
    std::u16string class_name;
    ULONG disposition = 0;                     // out
    const void* security_descriptor = nullptr; // of a new key
};
// A handle to a key. Whoever makes one gets the access asked for; opening one is checked against its
// descriptor, making one against its parent's. STATUS_OBJECT_NAME_NOT_FOUND,
// STATUS_OBJECT_NAME_COLLISION (a link is to be made where a key is), STATUS_OBJECT_PATH_NOT_FOUND-like of
// ob, STATUS_CHILD_MUST_BE_VOLATILE, STATUS_KEY_DELETED, STATUS_ACCESS_DENIED.
Result<HANDLE> open_key(const ob::Attributes& attributes, ACCESS_MASK desired, KPROCESSOR_MODE mode,
                        CreateRequest& request);

// The node behind a referenced Key object.
Node& node_of(PVOID key);
Value* find_value(Node& node, std::u16string_view name); // null
// STATUS_ACCESS_DENIED: a link has its target only.
NTSTATUS may_set_value(const Node& node, std::u16string_view name, ULONG type);
void write_value(Node& node, std::u16string_view name, ULONG type, const void* data, std::size_t size);
NTSTATUS delete_value(Node& node, std::u16string_view name);
// STATUS_CANNOT_DELETE when there are subkeys. The node goes with its last Key object.
NTSTATUS delete_key(Node& node);
// The key with all below it; no effect when it is not there.
void delete_tree(std::u16string_view key);
std::u16string path_of(const Node& node);

} // namespace nt::cm
