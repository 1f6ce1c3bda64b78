#include "kernel/scm/configure.h"
#include "abi/win32_error.h"
#include "kernel/scm/accounts.h"
#include <algorithm>

namespace nt::scm {

namespace {

// A list of strings with their terminators; names behind '+' (SC_GROUP_IDENTIFIER) are groups.
struct Dependencies {
    std::vector<std::u16string> services, groups;
    explicit Dependencies(const std::u16string& list) {
        for (std::size_t at = 0; at < list.size() && list[at];) {
            const std::u16string one(list.c_str() + at);
            at += one.size() + 1;
            if (one.front() == u'+')
                groups.push_back(one.substr(1));
            else
                services.push_back(one);
        }
    }
};

void set_list(const std::u16string& key, std::u16string_view name, const std::vector<std::u16string>& list) {
    std::u16string text;
    for (const std::u16string& one : list)
        (text += one) += u'\0';
    text += u'\0';
    cm::set_value(key, name, REG_MULTI_SZ, text.data(), text.size() * sizeof(WCHAR));
}

// A driver's path becomes one that the kernel opens. assumed: relative ones stay as they are.
std::u16string path_of_driver(std::u16string path) {
    std::erase(path, u'"');
    const std::u16string_view root = u"%SystemRoot%\\";
    if (path.size() > root.size() && same(path.substr(0, root.size()), root))
        return u"\\SystemRoot\\" + path.substr(root.size());
    return path.size() > 2 && path[1] == u':' ? u"\\??\\" + path : path;
}

bool is_given(const Request& r, unsigned text) { return r.head.Text[text].Buffer; }
bool changes(const Request& r, unsigned number) { return r.head.Numbers[number] != SERVICE_NO_CHANGE; }

bool is_driver_type(ULONG type) {
    return type == SERVICE_KERNEL_DRIVER || type == SERVICE_FILE_SYSTEM_DRIVER ||
           type == SERVICE_RECOGNIZER_DRIVER || type == SERVICE_ADAPTER;
}
bool is_type(ULONG type) {
    const ULONG program = type & ~SERVICE_INTERACTIVE_PROCESS;
    return is_driver_type(type) || program == 0x10 || program == 0x20;
}

// What CreateService and ChangeServiceConfig ask of their numbers; `type` is the service's.
bool are_numbers_valid(const Request& r, ULONG type) {
    const ULONG start = r.head.Numbers[ScmStart], control = r.head.Numbers[ScmErrorControl];
    if (changes(r, ScmStart) && start > SERVICE_DISABLED) return false;
    if (changes(r, ScmStart) && start < SERVICE_AUTO_START && !is_driver_type(type)) return false;
    if (changes(r, ScmErrorControl) && control > 3) return false;
    // "Tags are only evaluated for driver services that have SERVICE_BOOT_START or SERVICE_SYSTEM_START start
    // types."
    return !r.head.Numbers[ScmTag] || !r.text[ScmGroup].empty();
}

// The next tag of the group.
ULONG new_tag(const std::u16string& group) {
    ULONG tag = 0;
    for (Service* other : all())
        if (const Config config = config_of(*other); same(config.group, group))
            tag = std::max(tag, config.tag);
    return tag + 1;
}

void write_texts(Request& r, const std::u16string& key, bool driver) {
    if (is_given(r, ScmPath))
        set_text(key, u"ImagePath", REG_EXPAND_SZ,
                 driver ? path_of_driver(r.text[ScmPath]) : r.text[ScmPath]);
    if (is_given(r, ScmGroup)) set_text(key, u"Group", REG_SZ, r.text[ScmGroup]);
    if (is_given(r, ScmDependencies)) {
        const Dependencies dependencies(r.text[ScmDependencies]);
        set_list(key, u"DependOnService", dependencies.services);
        set_list(key, u"DependOnGroup", dependencies.groups);
    }
    if (is_given(r, ScmAccount)) set_text(key, u"ObjectName", REG_SZ, r.text[ScmAccount]);
    if (r.head.Numbers[ScmTag]) set_number(key, u"Tag", r.head.Numbers[ScmTag] = new_tag(r.text[ScmGroup]));
}

// lpServiceStartName: the account of a program, the name of a driver's object ("\Driver\NAME").
ULONG check_account(const Request& r, ULONG type, const std::u16string& account, const std::u16string& name) {
    if (is_driver_type(type)) return ERROR_SUCCESS;
    if (is_given(r, ScmAccount) && !account_exists(account, name)) return ERROR_INVALID_SERVICE_ACCOUNT;
    // SERVICE_INTERACTIVE_PROCESS: "the service is running in the context of the LocalSystem account".
    if (type & SERVICE_INTERACTIVE_PROCESS && !is_local_system(account)) return ERROR_INVALID_PARAMETER;
    return ERROR_SUCCESS;
}

ULONG change_config(Service& service, Request& r) {
    if (service.marked) return ERROR_SERVICE_MARKED_FOR_DELETE;
    const Config config = config_of(service);
    const ULONG type = changes(r, ScmType) ? r.head.Numbers[ScmType] : config.type;
    if (!is_type(type) || is_driver_type(type) != config.is_driver()) return ERROR_INVALID_PARAMETER;
    if (r.text[ScmGroup].empty() && !is_given(r, ScmGroup)) r.text[ScmGroup] = config.group;
    if (!are_numbers_valid(r, type)) return ERROR_INVALID_PARAMETER;
    if (is_given(r, ScmPath) && r.text[ScmPath].empty()) return ERROR_INVALID_PARAMETER;
    if (depends(Dependencies(r.text[ScmDependencies]).services, service.name))
        return ERROR_CIRCULAR_DEPENDENCY;
    if (!r.text[ScmDisplay].empty() && named(r.text[ScmDisplay], &service))
        return ERROR_DUPLICATE_SERVICE_NAME;
    if (const ULONG error = check_account(
            r, type, is_given(r, ScmAccount) ? r.text[ScmAccount] : config.account, service.name);
        error != ERROR_SUCCESS)
        return error;
    const std::u16string key = key_of(service.name);
    set_number(key, u"Type", type);
    if (changes(r, ScmStart)) set_number(key, u"Start", r.head.Numbers[ScmStart]);
    if (changes(r, ScmErrorControl)) set_number(key, u"ErrorControl", r.head.Numbers[ScmErrorControl]);
    if (is_given(r, ScmDisplay)) set_text(key, u"DisplayName", REG_SZ, r.text[ScmDisplay]);
    write_texts(r, key, is_driver_type(type));
    return ERROR_SUCCESS;
}

ULONG query_config(const Service& service, Request& r) {
    const Config config = config_of(service);
    for (const ULONG number : {config.type, config.start, config.error_control, config.tag})
        put(r.data, number);
    std::u16string dependencies;
    for (const std::u16string& name : config.services)
        (dependencies += name) += u'\0';
    for (const std::u16string& name : config.groups)
        ((dependencies += u'+') += name) += u'\0';
    put(r.data, config.path);
    put(r.data, config.group);
    put(r.data, dependencies);
    put(r.data, config.account);
    put(r.data, display_name(service, config));
    return ERROR_SUCCESS;
}

// An empty description is no description.
ULONG set_description(const Service& service, Request& r) {
    if (service.marked) return ERROR_SERVICE_MARKED_FOR_DELETE;
    if (is_given(r, 0)) set_text(key_of(service.name), u"Description", REG_SZ, r.text[0]);
    return ERROR_SUCCESS;
}

ULONG set_delayed(const Service& service, Request& r) {
    if (service.marked) return ERROR_SERVICE_MARKED_FOR_DELETE;
    if (config_of(service).start != SERVICE_AUTO_START) return ERROR_INVALID_PARAMETER;
    set_number(key_of(service.name), u"DelayedAutostart", r.head.Numbers[0] != 0);
    return ERROR_SUCCESS;
}

} // namespace

ULONG create(Request& r, Service*& made) {
    const std::u16string& name = r.text[ScmName];
    if (!is_valid_name(name) || r.text[ScmDisplay].size() > 256) return ERROR_INVALID_NAME;
    const ULONG type = r.head.Numbers[ScmType];
    for (const unsigned number : {ScmType, ScmStart, ScmErrorControl})
        if (!changes(r, number)) return ERROR_INVALID_PARAMETER;
    if (!is_type(type) || !are_numbers_valid(r, type) || r.text[ScmPath].empty())
        return ERROR_INVALID_PARAMETER;
    if (const Service* there = find(name))
        return there->marked ? ERROR_SERVICE_MARKED_FOR_DELETE : ERROR_SERVICE_EXISTS;
    if (named(name, nullptr) || (!r.text[ScmDisplay].empty() && named(r.text[ScmDisplay], nullptr)))
        return ERROR_DUPLICATE_SERVICE_NAME;
    if (depends(Dependencies(r.text[ScmDependencies]).services, name)) return ERROR_CIRCULAR_DEPENDENCY;
    if (const ULONG error =
            check_account(r, type, is_given(r, ScmAccount) ? r.text[ScmAccount] : u"LocalSystem", name);
        error != ERROR_SUCCESS)
        return error;
    const std::u16string key = key_of(name);
    set_number(key, u"Type", type);
    set_number(key, u"Start", r.head.Numbers[ScmStart]);
    set_number(key, u"ErrorControl", r.head.Numbers[ScmErrorControl]);
    write_texts(r, key, is_driver_type(type));
    if (!is_driver_type(type) && !is_given(r, ScmAccount))
        set_text(key, u"ObjectName", REG_SZ, u"LocalSystem");
    if (!r.text[ScmDisplay].empty()) set_text(key, u"DisplayName", REG_SZ, r.text[ScmDisplay]);
    made = find(name);
    *made = {.name = made->name};
    return ERROR_SUCCESS;
}

ULONG configure(Service& service, Request& r) {
    switch (r.head.Call) {
    case ScmQueryConfig:
        return query_config(service, r);
    case ScmChangeConfig:
        return change_config(service, r);
    case ScmQueryDescription:
        put(r.data, text_value(key_of(service.name), u"Description"));
        return ERROR_SUCCESS;
    case ScmSetDescription:
        return set_description(service, r);
    case ScmQueryDelayed:
        if (const cm::Value* value = cm::value_at(key_of(service.name), u"DelayedAutostart"))
            r.head.Numbers[0] = !value->data.empty() && value->data[0];
        else
            r.head.Numbers[0] = 0;
        return ERROR_SUCCESS;
    case ScmSetDelayed:
        return set_delayed(service, r);
    default:
        return ERROR_INVALID_PARAMETER;
    }
}

} // namespace nt::scm
