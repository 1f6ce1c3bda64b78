#include "abi/se.h"
#include "abi/status.h"
#include "kernel/ob/directory.h"
#include "kernel/ob/dos_devices.h"
#include "kernel/ob/handle.h"
#include "kernel/ob/held.h"
#include "kernel/pool/pool.h"
#include <algorithm>
#include <utility>

namespace nt::ob {

namespace {

constexpr ULONG path_tag = pool::tag("ObPt");
constexpr int link_limit =
    32; // assumed: how many links one name may go through, and the status when it is more

constexpr NTSTATUS reparse_point_encountered = NTSTATUS(0xC000050B); // STATUS_REPARSE_POINT_ENCOUNTERED

using View = std::u16string_view;

View view_of(const UNICODE_STRING& s) { return {s.Buffer, s.Length / sizeof(WCHAR)}; }
UNICODE_STRING string_of(View v) {
    return {static_cast<USHORT>(v.size() * 2), static_cast<USHORT>(v.size() * 2),
            const_cast<WCHAR*>(v.data())};
}

// The path after a link was put in its place. Two buffers in turn: the new path is made of parts of the old
// one.
class Rewritten {
  public:
    Rewritten() = default;
    Rewritten(const Rewritten&) = delete;
    Rewritten& operator=(const Rewritten&) = delete;
    ~Rewritten() { release(); }
    void release() {
        for (WCHAR*& p : pool_)
            if (p) pool::release(std::exchange(p, nullptr), path_tag);
    }
    // target + rest; one of the two backslashes between them goes.
    NTSTATUS join(View target, View rest, View& result) {
        if (!target.empty() && target.back() == u'\\' && !rest.empty()) target.remove_suffix(1);
        const SIZE_T count = target.size() + rest.size();
        if (count * sizeof(WCHAR) > 0xfffe) return STATUS_NAME_TOO_LONG;
        turn_ ^= 1;
        WCHAR* to = inline_[turn_];
        if (count > inline_size) {
            if (pool_[turn_]) pool::release(pool_[turn_], path_tag);
            to = pool_[turn_] =
                static_cast<WCHAR*>(pool::allocate(pool::Kind::paged, count * sizeof(WCHAR), path_tag));
            if (!to) return STATUS_INSUFFICIENT_RESOURCES;
        }
        std::ranges::copy(rest, std::ranges::copy(target, to).out); // either may be null
        result = {to, count};
        return STATUS_SUCCESS;
    }

  private:
    static constexpr SIZE_T inline_size = 128;
    WCHAR inline_[2][inline_size];
    WCHAR* pool_[2] = {};
    int turn_ = 0;
    seh::Unfinished raised_{[](void* self) { static_cast<Rewritten*>(self)->release(); }, this};
};

struct Walk {
    ParseRequest request;
    PVOID insert;
    PVOID* found;
    bool ignore_case;
    KPROCESSOR_MODE mode; // of access checks
    bool checks_traverse; // each directory on the way must let the caller pass
    View link_target{};   // set with STATUS_REPARSE
    View rest{};          // what follows the link

    NTSTATUS from(PVOID object, View path, bool relative = false);
    NTSTATUS arrived(PVOID object);
    PVOID find(OBJECT_DIRECTORY* directory, View part, bool last) const;
    NTSTATUS missing(OBJECT_DIRECTORY* directory, View part, bool last);
};

// The name ends at an existing object.
NTSTATUS Walk::arrived(PVOID object) {
    if (insert) {
        if (!(request.attributes & OBJ_OPENIF)) return STATUS_OBJECT_NAME_COLLISION;
        if (type_of(object) != type_of(insert)) return STATUS_OBJECT_TYPE_MISMATCH;
        reference(object);
        *found = object;
        return STATUS_OBJECT_NAME_EXISTS;
    }
    if (request.wanted && type_of(object) != request.wanted) return STATUS_OBJECT_TYPE_MISMATCH;
    reference(object);
    *found = object;
    return STATUS_SUCCESS;
}

// What a new name hides in the shadow directory stays hidden.
PVOID Walk::find(OBJECT_DIRECTORY* directory, View part, bool last) const {
    PVOID found = find_in(directory, string_of(part), ignore_case);
    if (!found && directory->ShadowDirectory && !(insert && last)) [[unlikely]]
        found = find_in(directory->ShadowDirectory, string_of(part), ignore_case);
    return found;
}

NTSTATUS Walk::missing(OBJECT_DIRECTORY* directory, View part, bool last) {
    if (!last) return STATUS_OBJECT_PATH_NOT_FOUND;
    if (!insert) return STATUS_OBJECT_NAME_NOT_FOUND;
    (void)part;
    if (mode != KernelMode) {
        // win32 page TermServ/kernel-object-namespaces: "a privileged operation". assumed: the status
        if (directory->IsGlobal && facts_of(type_of(insert)).global_privilege && !creates_global())
            return STATUS_ACCESS_DENIED;
        ACCESS_MASK granted;
        const ACCESS_MASK right =
            type_of(insert) == directory_type ? DIRECTORY_CREATE_SUBDIRECTORY : DIRECTORY_CREATE_OBJECT;
        if (const NTSTATUS status = check_access(directory, right, mode, &granted); !NT_SUCCESS(status))
            return status;
    }
    if (const NTSTATUS status = insert_into(directory, insert, ignore_case); !NT_SUCCESS(status))
        return status;
    reference(insert);
    *found = insert;
    return STATUS_SUCCESS;
}

// `path` is what is left below `object`: empty, or begins with a backslash unless it is relative to a handle.
NTSTATUS Walk::from(PVOID object, View path, bool relative) {
    for (;; relative = false) {
        OBJECT_TYPE* type = type_of(object);
        if (type == directory_type) {
            if (path.empty()) return arrived(object);
            if (!relative) path.remove_prefix(1);
            const SIZE_T end = std::min(path.find(u'\\'), path.size());
            const View part = path.substr(0, end);
            if (part.empty()) return STATUS_OBJECT_NAME_INVALID;
            path.remove_prefix(end);
            auto* directory = static_cast<OBJECT_DIRECTORY*>(object);
            if (checks_traverse) [[unlikely]] {
                ACCESS_MASK granted;
                if (const NTSTATUS status = check_access(directory, DIRECTORY_TRAVERSE, mode, &granted);
                    !NT_SUCCESS(status))
                    return status;
            }
            // \?? is the caller's DOS-device directory.
            if (directory == root_directory && part == u"??" && !relative)
                object = dos_devices_of_caller(!(request.attributes & OBJ_IGNORE_IMPERSONATED_DEVICEMAP));
            else if (PVOID next = find(directory, part, path.empty()))
                object = next;
            else
                return missing(directory, part, path.empty());
            continue;
        }
        if (type == symbolic_link_type) {
            const bool wants_link =
                insert || request.wanted == symbolic_link_type || (request.attributes & OBJ_OPENLINK);
            if (path.empty() && wants_link) return arrived(object);
            link_target = view_of(static_cast<OBJECT_SYMBOLIC_LINK*>(object)->LinkTarget);
            rest = path;
            return STATUS_REPARSE;
        }
        if (auto* parse = procedures_of(type).parse; parse && !insert && !(request.whole && path.empty())) {
            // The object must outlive the procedure, which may call drivers.
            reference(object);
            const Held held(object);
            return parse(object, request, string_of(path), found);
        }
        if (!path.empty()) return STATUS_OBJECT_TYPE_MISMATCH;
        return arrived(object);
    }
}

// The handle a relative name starts at.
NTSTATUS start_at_root_handle(HANDLE root, KPROCESSOR_MODE mode, Walk& walk, View path, Held& reference) {
    PVOID held;
    if (const NTSTATUS status = reference_by_handle(root, 0, nullptr, mode, &held, nullptr);
        !NT_SUCCESS(status))
        return status;
    reference.reset(held);
    OBJECT_TYPE* type = type_of(held);
    if (type != directory_type) {
        auto* parse = procedures_of(type).parse;
        if (!parse || walk.insert) return STATUS_OBJECT_TYPE_MISMATCH;
        return parse(held, walk.request, string_of(path), walk.found);
    }
    if (!path.empty() && path.front() == u'\\') return STATUS_OBJECT_PATH_SYNTAX_BAD;
    return walk.from(held, path, true);
}

// assumed: of the type that is asked for.
bool ignores_case(const OBJECT_TYPE* type) {
    return type && (type->TypeInfo.ObjectTypeFlags & OB_TYPE_CASE_INSENSITIVE);
}

// A driver's parse procedure has answered with another name.
void release_name(ParseAnswer& answer) {
    if (answer.name.Buffer) pool::release(answer.name.Buffer);
    answer.name = {};
}

} // namespace

NTSTATUS lookup(const Attributes& attributes, const ParseRequest& request, PVOID insert, PVOID* found) {
    *found = nullptr;
    const KPROCESSOR_MODE mode =
        attributes.attributes & OBJ_FORCE_ACCESS_CHECK ? KPROCESSOR_MODE(UserMode) : request.mode;
    Walk walk{request, insert,
              found,   (attributes.attributes & OBJ_CASE_INSENSITIVE) != 0 || ignores_case(request.wanted),
              mode,    mode != KernelMode && !bypasses_traverse()};
    Rewritten rewritten;
    ParseAnswer answer;
    if (!walk.request.answer) walk.request.answer = &answer;
    ParseAnswer& said = *walk.request.answer;
    View path = view_of(attributes.name);
    walk.request.complete = attributes.name;
    Held held;
    NTSTATUS status;
    if (attributes.root)
        status = start_at_root_handle(attributes.root, request.mode, walk, path, held);
    else if (path.empty() || path.front() != u'\\')
        status = STATUS_OBJECT_PATH_SYNTAX_BAD;
    else
        status = walk.from(root_directory, path == u"\\" ? View{} : path);
    for (int links = 0; status == STATUS_REPARSE; ++links) {
        if (links == link_limit) {
            status = STATUS_NAME_TOO_LONG;
            break;
        }
        if (attributes.attributes & OBJ_DONT_REPARSE) {
            status = reparse_point_encountered;
            break;
        }
        status = said.name.Buffer ? rewritten.join(view_of(said.name), {}, path)
                                  : rewritten.join(walk.link_target, walk.rest, path);
        release_name(said);
        if (!NT_SUCCESS(status)) break;
        walk.request.complete = string_of(path);
        if (!path.empty() && path.front() != u'\\')
            status = STATUS_OBJECT_PATH_SYNTAX_BAD;
        else
            status = walk.from(root_directory, path == u"\\" ? View{} : path);
    }
    release_name(said);
    return status;
}

NTSTATUS reference_by_name(const UNICODE_STRING& name, ULONG attributes, OBJECT_TYPE* type,
                           KPROCESSOR_MODE mode, void* context, PVOID* found) {
    Attributes where;
    where.set(name, attributes);
    const ParseRequest request{type, nullptr, 0, mode, attributes, context, nullptr};
    return lookup(where, request, nullptr, found);
}

NTSTATUS reference_by_name(const UNICODE_STRING& name, const ParseRequest& request, PVOID* found) {
    Attributes where;
    where.set(name, request.attributes);
    ParseAnswer answer;
    ParseRequest asked = request;
    asked.answer = &answer;
    if (const NTSTATUS status = lookup(where, asked, nullptr, found); !NT_SUCCESS(status)) return status;
    Held held(*found);
    const ACCESS_STATE* access = request.access;
    const ACCESS_MASK desired = access              ? access->RemainingDesiredAccess
                                : answer.has_access ? answer.remaining
                                                    : request.desired;
    const bool forced = request.attributes & OBJ_FORCE_ACCESS_CHECK;
    ACCESS_MASK granted;
    const NTSTATUS status =
        type_of(*found) != request.wanted && request.wanted
            ? STATUS_OBJECT_TYPE_MISMATCH
            : check_access(*found, desired, forced ? KPROCESSOR_MODE(UserMode) : request.mode, &granted);
    if (NT_SUCCESS(status))
        held.release();
    else
        *found = nullptr;
    return status;
}

Result<HANDLE> open_by_name(const Attributes& attributes, OBJECT_TYPE* type, KPROCESSOR_MODE mode,
                            ACCESS_STATE* access, ACCESS_MASK desired, void* context) {
    ParseAnswer answer;
    ParseRequest request{
        type, access, desired, mode, attributes.attributes, context, attributes.security_qos};
    request.answer = &answer;
    PVOID found;
    if (const NTSTATUS status = lookup(attributes, request, nullptr, &found); !NT_SUCCESS(status))
        return fail(status);
    // The access state that a driver's procedure was shown is gone; what it says counts like the caller's.
    ACCESS_STATE parsed{};
    if (answer.has_access && !access) [[unlikely]] {
        parsed.RemainingDesiredAccess = answer.remaining;
        parsed.PreviouslyGrantedAccess = answer.granted;
        access = &parsed;
    }
    const Held held(found);
    return open_by_pointer(found, attributes.attributes, access, desired, type, mode);
}

NTSTATUS insert(PVOID object, const Attributes& attributes, KPROCESSOR_MODE mode, ACCESS_MASK desired,
                HANDLE* handle, PVOID* got) {
    const Held mine(object);
    PVOID target = object;
    NTSTATUS status = STATUS_SUCCESS;
    if (attributes.name.Length) {
        const ParseRequest request{type_of(object),       nullptr, desired, mode,
                                   attributes.attributes, nullptr, nullptr};
        status = lookup(attributes, request, object, &target);
        if (!NT_SUCCESS(status)) return status;
    } else
        reference(object);
    const Held held(target);
    if (target == object)
        if (const NTSTATUS assigned = assign_security(object, attributes.security_descriptor, mode);
            !NT_SUCCESS(assigned)) {
            remove_from_directory(object);
            return assigned;
        }
    // A temporary named object without a handle keeps its name as long as somebody holds a reference.
    if (handle) {
        const Result<HANDLE> made =
            target == object
                ? handle_for_creator(object, attributes.attributes, desired, mode)
                : open_by_pointer(target, attributes.attributes, nullptr, desired, type_of(target), mode);
        if (!made) {
            if (target == object) remove_from_directory(object);
            return made.error();
        }
        *handle = *made;
    }
    if (got) {
        reference(target);
        *got = target;
    }
    return status;
}

} // namespace nt::ob
