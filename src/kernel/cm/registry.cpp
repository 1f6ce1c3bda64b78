#include "kernel/cm/registry.h"
#include "abi/status.h"
#include "host/machine_heap.h"
#include "kernel/ke/clock.h"
#include "rtl/strings.h"
#include <algorithm>

namespace nt::cm {

OBJECT_TYPE* key_type = nullptr;

namespace {

constexpr ULONG key_tag = 0x2079654b; // "Key "
constexpr ACCESS_MASK key_all_access = 0xf003f;
Node* root = nullptr;

struct Key {
    Node* node;
};

bool same(std::u16string_view a, std::u16string_view b) {
    return a.size() == b.size() && rtl::compare(a.data(), a.size(), b.data(), b.size(), true) == 0;
}

Node* make_child(Node& parent, std::u16string_view name) {
    Node* node = host::make<Node>();
    node->name = name;
    node->parent = &parent;
    node->last_write = ke::system_time();
    parent.children.emplace(node->name, node);
    parent.last_write = node->last_write;
    return node;
}

Node* find_child(Node& parent, std::u16string_view name) {
    const auto found = parent.children.find(std::u16string(name));
    return found == parent.children.end() ? nullptr : found->second;
}

// The first part of a path and what is left of it.
std::u16string_view next_part(std::u16string_view& path) {
    while (!path.empty() && path.front() == u'\\')
        path.remove_prefix(1);
    const auto end = std::min(path.find(u'\\'), path.size());
    const auto part = path.substr(0, end);
    path.remove_prefix(end);
    return part;
}

void release(Node* node) {
    if (--node->references == 0 && node->deleted) host::destroy(node);
}

void remove_key(PVOID body) {
    if (Node* node = static_cast<Key*>(body)->node) release(node);
}

Result<PVOID> make_key(Node& node) {
    PVOID body = TRY(ob::create_object({.type = key_type, .body_size = sizeof(Key)}));
    static_cast<Key*>(body)->node = &node;
    node.references++;
    return body;
}

NTSTATUS parse(PVOID object, const ob::ParseRequest& request, const UNICODE_STRING& remaining, PVOID* found) {
    if (request.wanted && request.wanted != key_type) return STATUS_OBJECT_TYPE_MISMATCH;
    auto* create = static_cast<CreateRequest*>(request.context);
    if (create && create->mark != CreateRequest::magic) create = nullptr;
    Node* node = static_cast<Key*>(object)->node;
    if (node->deleted) return STATUS_KEY_DELETED;
    std::u16string_view path{remaining.Buffer, remaining.Length / sizeof(WCHAR)};
    if (create) create->disposition = REG_OPENED_EXISTING_KEY;
    for (std::u16string_view part = next_part(path); !part.empty(); part = next_part(path)) {
        if (part.size() > 255) return STATUS_INVALID_PARAMETER;
        Node* child = find_child(*node, part);
        if (!child) {
            const bool last = path.find_first_not_of(u'\\') == path.npos;
            if (!create || !create->create || !last) return STATUS_OBJECT_NAME_NOT_FOUND;
            const bool make_volatile = create->options & REG_OPTION_VOLATILE;
            if (node->is_volatile && !make_volatile) return STATUS_CHILD_MUST_BE_VOLATILE;
            if (node == root || node->parent == root)
                return STATUS_ACCESS_DENIED; // hives are made by the system only
            child = make_child(*node, part);
            child->is_volatile = make_volatile;
            child->class_name = create->class_name;
            create->disposition = REG_CREATED_NEW_KEY;
        }
        node = child;
    }
    *found = TRY_STATUS(make_key(*node));
    return STATUS_SUCCESS;
}

NTSTATUS query_name(PVOID object, UNICODE_STRING& to) {
    const Node& node = *static_cast<Key*>(object)->node;
    if (node.deleted) return STATUS_KEY_DELETED; // assumed: it has no place, so no name
    const std::u16string path = path_of(node);
    const std::size_t size = path.size() * sizeof(WCHAR);
    for (std::size_t i = 0; i < path.size() && (i + 1) * sizeof(WCHAR) <= to.MaximumLength; i++)
        to.Buffer[i] = path[i];
    to.Length = static_cast<USHORT>(size);
    return STATUS_SUCCESS;
}

Node& node_at(std::u16string_view path) {
    Node* node = root;
    next_part(path); // Registry
    for (auto part = next_part(path); !part.empty(); part = next_part(path)) {
        Node* child = find_child(*node, part);
        node = child ? child : make_child(*node, part);
    }
    return *node;
}

void set_text(Node& node, std::u16string_view name, std::u16string_view text, ULONG type = REG_SZ) {
    const std::u16string terminated(text);
    write_value(node, name, type, terminated.c_str(), (terminated.size() + 1) * sizeof(WCHAR));
}
void set_number(Node& node, std::u16string_view name, ULONG number) {
    write_value(node, name, REG_DWORD, &number, sizeof number);
}

} // namespace

bool NameLess::operator()(const std::u16string& a, const std::u16string& b) const {
    return rtl::compare(a.data(), a.size(), b.data(), b.size(), true) < 0;
}

Node& node_of(PVOID key) { return *static_cast<Key*>(key)->node; }

Value* find_value(Node& node, std::u16string_view name) {
    for (Value& value : node.values)
        if (same(value.name, name)) return &value;
    return nullptr;
}

void write_value(Node& node, std::u16string_view name, ULONG type, const void* data, std::size_t size) {
    Value* value = find_value(node, name);
    if (!value) value = &node.values.emplace_back(Value{.name = std::u16string(name), .data = {}});
    value->type = type;
    const auto* bytes = static_cast<const UCHAR*>(data);
    value->data.assign(bytes, bytes + size);
    node.last_write = ke::system_time();
}

NTSTATUS delete_value(Node& node, std::u16string_view name) {
    const auto at = std::find_if(node.values.begin(), node.values.end(),
                                 [&](const Value& v) { return same(v.name, name); });
    if (at == node.values.end()) return STATUS_OBJECT_NAME_NOT_FOUND;
    node.values.erase(at);
    node.last_write = ke::system_time();
    return STATUS_SUCCESS;
}

NTSTATUS delete_key(Node& node) {
    if (node.deleted) return STATUS_SUCCESS;
    if (!node.children.empty() || !node.parent || node.parent == root) return STATUS_CANNOT_DELETE;
    node.parent->children.erase(node.name);
    node.parent = nullptr; // it may go before this one does
    node.deleted = true;
    return STATUS_SUCCESS;
}

static void delete_tree(Node& node) {
    while (!node.children.empty())
        delete_tree(*node.children.begin()->second);
    if (NT_SUCCESS(delete_key(node)) && node.references == 0) host::destroy(&node);
}
void delete_tree(std::u16string_view key) {
    if (Node* node = find_key(key)) delete_tree(*node);
}

std::u16string path_of(const Node& node) {
    return node.parent ? path_of(*node.parent) + u"\\" + node.name : u"\\" + node.name;
}

NTSTATUS initialize() {
    key_type = TRY_STATUS(ob::create_type({.name = u"Key",
                                           .tag = key_tag,
                                           .mapping = {0x20019, 0x20006, 0x20019, key_all_access},
                                           .valid_access = 0x1f003f},
                                          {.parse = parse, .remove = remove_key, .query_name = query_name}));
    root = host::make<Node>();
    root->name = u"REGISTRY";
    PVOID body = TRY_STATUS(ob::create_object(
        {.type = key_type, .body_size = sizeof(Key), .name = u"REGISTRY", .attributes = OBJ_PERMANENT}));
    static_cast<Key*>(body)->node = root;
    root->references = 1;
    if (const NTSTATUS status = ob::insert_into(ob::root_directory, body); !NT_SUCCESS(status)) return status;
    make_child(*root, u"USER");
    node_at(u"\\Registry\\Machine\\SOFTWARE\\Microsoft");
    node_at(u"\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Services");
    Node& control = node_at(u"\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Control");
    set_text(control, u"SystemStartOptions", u"");
    node_at(u"\\Registry\\Machine\\HARDWARE\\DESCRIPTION\\System");
    Node& version = node_at(u"\\Registry\\Machine\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion");
    set_text(version, u"CurrentBuild", u"19045");
    set_text(version, u"CurrentBuildNumber", u"19045");
    set_text(version, u"CurrentVersion", u"6.3");
    set_text(version, u"ProductName", u"Windows 10 Pro");
    set_text(version, u"SystemRoot", u"C:\\Windows");
    set_number(version, u"CurrentMajorVersionNumber", 10);
    set_number(version, u"CurrentMinorVersionNumber", 0);
    return STATUS_SUCCESS;
}

void create_service(std::u16string_view name, std::u16string_view image_path) {
    const std::u16string path =
        u"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\" + std::u16string(name);
    Node& node = node_at(path);
    set_number(node, u"Type", 1);         // SERVICE_KERNEL_DRIVER
    set_number(node, u"Start", 3);        // SERVICE_DEMAND_START
    set_number(node, u"ErrorControl", 1); // SERVICE_ERROR_NORMAL
    set_text(node, u"ImagePath", image_path, REG_EXPAND_SZ);
    set_text(node, u"DisplayName", name);
    node_at(path + u"\\Parameters");
}

void set_value(std::u16string_view key, std::u16string_view name, ULONG type, const void* data,
               std::size_t size) {
    write_value(node_at(key), name, type, data, size);
}

void make_key(std::u16string_view key) { node_at(key); }

Node* find_key(std::u16string_view key) {
    Node* node = root;
    next_part(key); // Registry
    for (auto part = next_part(key); node && !part.empty(); part = next_part(key))
        node = find_child(*node, part);
    return node;
}

const Value* value_at(std::u16string_view key, std::u16string_view name) {
    Node* node = find_key(key);
    return node ? find_value(*node, name) : nullptr;
}

Result<HANDLE> open_key(const ob::Attributes& attributes, ACCESS_MASK desired, KPROCESSOR_MODE mode,
                        CreateRequest& request) {
    return ob::open_by_name(attributes, key_type, mode, nullptr, desired, &request);
}

} // namespace nt::cm
