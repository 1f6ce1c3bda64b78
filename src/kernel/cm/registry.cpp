#include "kernel/cm/registry.h"
#include "abi/status.h"
#include "host/machine_heap.h"
#include "kernel/cm/detail/links.h"
#include "kernel/cm/detail/security.h"
#include "kernel/cm/detail/tree.h"
#include "kernel/ke/clock.h"
#include "kernel/ob/handle.h"
#include "kernel/se/subject.h"
#include "rtl/strings.h"
#include <algorithm>

namespace nt::cm {

OBJECT_TYPE* key_type = nullptr;

namespace {

constexpr ULONG key_tag = 0x2079654b; // "Key "
constexpr ACCESS_MASK key_all_access = 0xf003f, key_create_sub_key = 0x4, key_create_link = 0x20;
constexpr ULONG option_backup_restore = 0x4; // REG_OPTION_BACKUP_RESTORE
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
    if (const NTSTATUS status = detail::show_security(body); !NT_SUCCESS(status)) {
        ob::dereference(body);
        return fail(status);
    }
    return body;
}

// "Access for key creation is checked against the security descriptor of the registry key, not the access
// mask specified when the handle was obtained": win32 page of RegCreateKeyEx.
NTSTATUS may_create(Node& parent, const ob::ParseRequest& request, const CreateRequest& create) {
    const bool forced = request.attributes & OBJ_FORCE_ACCESS_CHECK;
    if (request.mode == KernelMode && !forced) return STATUS_SUCCESS;
    // assumed: the privilege to restore lets keys be made anywhere
    if ((create.options & option_backup_restore) && (request.desired & DELETE)) return STATUS_SUCCESS;
    PVOID key = TRY_STATUS(make_key(parent));
    ACCESS_MASK granted;
    const NTSTATUS status = ob::check_access(
        key, create.options & detail::option_create_link ? key_create_link : key_create_sub_key, UserMode,
        &granted);
    ob::dereference(key);
    return status;
}

// "A registry tree can be 512 levels deep": win32 page "Registry Element Size Limits". assumed: below
// \Registry, and the status.
bool is_deepest(const Node& node) {
    ULONG level = 0;
    for (const Node* n = &node; n->parent; n = n->parent)
        ++level;
    return level >= 512;
}

Result<Node*> create_child(Node& parent, std::u16string_view name, const ob::ParseRequest& request,
                           CreateRequest& create) {
    const bool make_volatile = create.options & REG_OPTION_VOLATILE;
    if (parent.is_volatile && !make_volatile) return fail(STATUS_CHILD_MUST_BE_VOLATILE);
    if (&parent == root || parent.parent == root)
        return fail(STATUS_ACCESS_DENIED); // hives are made by the system only
    if (is_deepest(parent)) return fail(STATUS_INVALID_PARAMETER);
    if (const NTSTATUS status = may_create(parent, request, create); !NT_SUCCESS(status)) return fail(status);
    Node* child = make_child(parent, name);
    if (const NTSTATUS status =
            detail::assign_security(*child, create.security_descriptor, se::current_token(), request.mode);
        !NT_SUCCESS(status)) {
        parent.children.erase(child->name);
        host::destroy(child);
        return fail(status);
    }
    child->is_volatile = make_volatile;
    child->is_link = create.options & detail::option_create_link;
    child->class_name = create.class_name;
    create.disposition = REG_CREATED_NEW_KEY;
    return child;
}

// Whether a name that ends at a link means the link.
bool means_link(const ob::ParseRequest& request, const CreateRequest* create) {
    return request.attributes & OBJ_OPENLINK || (create && create->options & detail::option_open_link);
}

NTSTATUS parse(PVOID object, const ob::ParseRequest& request, const UNICODE_STRING& remaining, PVOID* found) {
    if (request.wanted && request.wanted != key_type) return STATUS_OBJECT_TYPE_MISMATCH;
    auto* create = static_cast<CreateRequest*>(request.context);
    if (create && create->mark != CreateRequest::magic) create = nullptr;
    Node* node = static_cast<Key*>(object)->node;
    if (node->deleted) return STATUS_KEY_DELETED;
    std::u16string_view path{remaining.Buffer, remaining.Length / sizeof(WCHAR)};
    if (create) create->disposition = REG_OPENED_EXISTING_KEY;
    ULONG links = 0;
    for (std::u16string_view part = next_part(path); !part.empty(); part = next_part(path)) {
        if (part.size() > 255) return STATUS_INVALID_PARAMETER;
        const bool last = path.find_first_not_of(u'\\') == path.npos;
        Node* child = find_child(*node, part);
        if (child && last && create && create->create && create->options & detail::option_create_link)
            return STATUS_OBJECT_NAME_COLLISION; // assumed
        if (child && !(last && means_link(request, create)))
            child = detail::behind(*child, links);
        else if (!child) {
            if (!create || !create->create || !last) return STATUS_OBJECT_NAME_NOT_FOUND;
            child = TRY_STATUS(create_child(*node, part, request, *create));
        }
        if (!child) return STATUS_OBJECT_NAME_NOT_FOUND; // a link that leads nowhere
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
    if (size > 0xfffc) return STATUS_NAME_TOO_LONG; // assumed
    for (std::size_t i = 0; i < path.size() && (i + 1) * sizeof(WCHAR) <= to.MaximumLength; i++)
        to.Buffer[i] = path[i];
    to.Length = static_cast<USHORT>(size);
    return STATUS_SUCCESS;
}

} // namespace

Node& detail::node_at(std::u16string_view path) {
    Node* node = root;
    next_part(path); // Registry
    for (auto part = next_part(path); !part.empty(); part = next_part(path)) {
        Node* child = find_child(*node, part);
        if (!child) {
            child = make_child(*node, part);
            (void)assign_security(*child, nullptr, se::system_token, KernelMode);
        }
        ULONG links = 0;
        Node* there = behind(*child, links);
        node = there ? there : child;
    }
    return *node;
}

void detail::set_text(Node& node, std::u16string_view name, std::u16string_view text, ULONG type) {
    const std::u16string terminated(text);
    write_value(node, name, type, terminated.c_str(), (terminated.size() + 1) * sizeof(WCHAR));
}
void detail::set_number(Node& node, std::u16string_view name, ULONG number) {
    write_value(node, name, REG_DWORD, &number, sizeof number);
}

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

static void delete_tree(Node& top) {
    for (Node* node = &top; node;) {
        if (!node->children.empty()) {
            node = node->children.begin()->second;
            continue;
        }
        Node* const next = node == &top ? nullptr : node->parent;
        if (NT_SUCCESS(delete_key(*node)) && node->references == 0) host::destroy(node);
        node = next;
    }
}
void delete_tree(std::u16string_view key) {
    if (Node* node = find_key(key)) delete_tree(*node);
}

std::u16string path_of(const Node& node) {
    std::size_t at = 0;
    for (const Node* n = &node; n; n = n->parent)
        at += 1 + n->name.size();
    std::u16string path(at, u'\\');
    for (const Node* n = &node; n; n = n->parent) {
        at -= n->name.size();
        n->name.copy(path.data() + at, n->name.size());
        --at;
    }
    return path;
}

NTSTATUS initialize() {
    key_type = TRY_STATUS(ob::create_type({.name = u"Key",
                                           .tag = key_tag,
                                           .mapping = {0x20019, 0x20006, 0x20019, key_all_access},
                                           .valid_access = 0x1f003f,
                                           .invalid_attributes = 0},
                                          {.parse = parse,
                                           .remove = remove_key,
                                           .query_name = query_name,
                                           .query_security = detail::query_security,
                                           .set_security = detail::set_security}));
    root = host::make<Node>();
    root->name = u"REGISTRY";
    PVOID body = TRY_STATUS(ob::create_object(
        {.type = key_type, .body_size = sizeof(Key), .name = u"REGISTRY", .attributes = OBJ_PERMANENT}));
    static_cast<Key*>(body)->node = root;
    root->references = 1;
    if (const NTSTATUS status = ob::insert_into(ob::root_directory, body); !NT_SUCCESS(status)) return status;
    detail::make_standard_keys(*root);
    if (const NTSTATUS status = detail::show_security(body); !NT_SUCCESS(status)) return status;
    return STATUS_SUCCESS;
}

void create_service(std::u16string_view name, std::u16string_view image_path) {
    const std::u16string path =
        u"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\" + std::u16string(name);
    Node& node = detail::node_at(path);
    detail::set_number(node, u"Type", 1);         // SERVICE_KERNEL_DRIVER
    detail::set_number(node, u"Start", 3);        // SERVICE_DEMAND_START
    detail::set_number(node, u"ErrorControl", 1); // SERVICE_ERROR_NORMAL
    detail::set_text(node, u"ImagePath", image_path, REG_EXPAND_SZ);
    detail::set_text(node, u"DisplayName", name);
    detail::node_at(path + u"\\Parameters");
}

void set_value(std::u16string_view key, std::u16string_view name, ULONG type, const void* data,
               std::size_t size) {
    write_value(detail::node_at(key), name, type, data, size);
}

void make_key(std::u16string_view key) { detail::node_at(key); }

Node* detail::key_at(std::u16string_view path, ULONG& links) {
    Node* node = root;
    next_part(path); // Registry
    for (auto part = next_part(path); node && !part.empty(); part = next_part(path)) {
        Node* child = find_child(*node, part);
        node = child ? behind(*child, links) : nullptr;
    }
    return node;
}
Node* find_key(std::u16string_view key) {
    ULONG links = 0;
    return detail::key_at(key, links);
}

const Value* value_at(std::u16string_view key, std::u16string_view name) {
    Node* node = find_key(key);
    return node ? find_value(*node, name) : nullptr;
}

Result<HANDLE> open_key(const ob::Attributes& attributes, ACCESS_MASK desired, KPROCESSOR_MODE mode,
                        CreateRequest& request) {
    request.security_descriptor = attributes.security_descriptor;
    const bool backup = request.options & option_backup_restore;
    if (backup) { // "the function ignores the samDesired parameter"
        const bool forced = attributes.attributes & OBJ_FORCE_ACCESS_CHECK;
        desired = detail::backup_and_restore_rights(forced ? KPROCESSOR_MODE(UserMode) : mode);
        if (!desired) return fail(STATUS_ACCESS_DENIED); // assumed: neither privilege is enabled
    }
    const ob::ParseRequest parse{
        key_type, nullptr, desired, mode, attributes.attributes, &request, attributes.security_qos};
    PVOID found;
    if (const NTSTATUS status = ob::lookup(attributes, parse, nullptr, &found); !NT_SUCCESS(status))
        return fail(status);
    const bool is_new = request.disposition == REG_CREATED_NEW_KEY;
    const Result<HANDLE> handle =
        backup   ? ob::create_handle(found, desired, attributes.attributes)
        : is_new ? ob::handle_for_creator(found, attributes.attributes, desired, mode)
                 : ob::open_by_pointer(found, attributes.attributes, nullptr, desired, key_type, mode);
    if (!handle && is_new) (void)delete_key(node_of(found));
    ob::dereference(found);
    return handle;
}

} // namespace nt::cm
