#include "kernel/scm/database.h"
#include "kernel/io/driver_service.h"
#include "kernel/scm/notify.h"
#include "rtl/strings.h"
#include <cstring>
#include <map>
#include <set>

namespace nt::scm {

namespace {

constexpr std::size_t longest_name = 256;

// What is known besides the keys; made when a service is first asked for.
std::map<std::u16string, Service, cm::NameLess> records;

ULONG number_value(const std::u16string& key, std::u16string_view name) {
    const cm::Value* value = cm::value_at(key, name);
    ULONG number = 0;
    if (value && value->data.size() == sizeof number) std::memcpy(&number, value->data.data(), sizeof number);
    return number;
}

std::vector<std::u16string> list_value(const std::u16string& key, std::u16string_view name) {
    std::vector<std::u16string> list;
    const cm::Value* value = cm::value_at(key, name);
    if (!value) return list;
    std::u16string text(value->data.size() / sizeof(WCHAR), u'\0');
    std::memcpy(text.data(), value->data.data(), text.size() * sizeof(WCHAR));
    for (std::size_t at = 0; at < text.size() && text[at];) {
        list.emplace_back(text.c_str() + at);
        at += list.back().size() + 1;
    }
    return list;
}

Service& record_of(const cm::Node& key) {
    Service& record = records[key.name];
    record.name = key.name;
    return record;
}

} // namespace

bool same(std::u16string_view a, std::u16string_view b) {
    return a.size() == b.size() && rtl::compare(a.data(), a.size(), b.data(), b.size(), true) == 0;
}

// "The maximum string length is 256 characters … Forward-slash and backslash are not valid."
bool is_valid_name(std::u16string_view name) {
    return !name.empty() && name.size() <= longest_name && name.find_first_of(u"/\\") == name.npos;
}

std::u16string key_of(std::u16string_view name) {
    return std::u16string(io::services_key) + std::u16string(name);
}

Service* find(std::u16string_view name) {
    if (!is_valid_name(name)) return nullptr;
    const std::u16string key = key_of(name);
    const cm::Node* node = cm::find_key(key);
    return node && cm::value_at(key, u"Type") ? &record_of(*node) : nullptr;
}

std::vector<Service*> all() {
    std::vector<Service*> found;
    const auto& parent = io::services_key;
    if (cm::Node* node = cm::find_key(parent.substr(0, parent.size() - 1)))
        for (const auto& [name, child] : node->children)
            if (cm::find_value(*child, u"Type")) found.push_back(&record_of(*child));
    return found;
}

std::u16string text_value(std::u16string_view key, std::u16string_view name) {
    const cm::Value* value = cm::value_at(key, name);
    if (!value || (value->type != REG_SZ && value->type != REG_EXPAND_SZ)) return {};
    std::u16string text(value->data.size() / sizeof(WCHAR), u'\0');
    std::memcpy(text.data(), value->data.data(), text.size() * sizeof(WCHAR));
    return text.substr(0, text.find(u'\0'));
}

void set_text(std::u16string_view key, std::u16string_view name, ULONG type, std::u16string_view text) {
    const std::u16string terminated(text);
    cm::set_value(key, name, type, terminated.c_str(), (terminated.size() + 1) * sizeof(WCHAR));
}

void set_number(std::u16string_view key, std::u16string_view name, ULONG number) {
    cm::set_value(key, name, REG_DWORD, &number, sizeof number);
}

Config config_of(const Service& service) {
    const std::u16string key = key_of(service.name);
    Config config;
    config.type = number_value(key, u"Type");
    config.start = number_value(key, u"Start");
    config.error_control = number_value(key, u"ErrorControl");
    config.tag = number_value(key, u"Tag");
    config.path = text_value(key, u"ImagePath");
    config.group = text_value(key, u"Group");
    config.account = text_value(key, u"ObjectName");
    config.display = text_value(key, u"DisplayName");
    config.services = list_value(key, u"DependOnService");
    config.groups = list_value(key, u"DependOnGroup");
    return config;
}

std::u16string display_name(const Service& service, const Config& config) {
    return config.display.empty() ? service.name : config.display;
}

Service* with_display_name(std::u16string_view name) {
    for (Service* service : all())
        if (same(display_name(*service, config_of(*service)), name)) return service;
    return nullptr;
}

Service* named(std::u16string_view name, const Service* but) {
    for (Service* service : all())
        if (service != but && (same(service->name, name) || same(config_of(*service).display, name)))
            return service;
    return nullptr;
}

void mark_for_deletion(Service& service) {
    service.marked = true;
    const std::u16string key = key_of(service.name);
    set_number(key, u"DeleteFlag", 1);
    set_number(key, u"Start", SERVICE_DISABLED);
    note_delete_pending(service);
    settle();
}

void settle() {
    std::vector<std::u16string> deleted; // told last: who hears of it may run, and come here, at once
    for (auto at = records.begin(); at != records.end();) {
        Service& service = at->second;
        const bool there = cm::find_key(key_of(service.name)) != nullptr;
        if (there && (!service.marked || service.handles ||
                      status_of(service).Status.dwCurrentState != SERVICE_STOPPED)) {
            ++at;
            continue;
        }
        if (there) {
            if (!config_of(service).is_driver()) deleted.push_back(service.name);
            cm::delete_tree(key_of(service.name));
        }
        at = service.handles ? std::next(at) : records.erase(at); // a key that somebody else has deleted
    }
    for (const std::u16string& name : deleted)
        note_deleted(name);
}

bool depends(const std::vector<std::u16string>& names, std::u16string_view name) {
    std::vector<std::u16string> todo = names;
    std::set<const Service*> seen; // keys can say anything, circles too
    while (!todo.empty()) {
        const std::u16string one = std::move(todo.back());
        todo.pop_back();
        if (same(one, name)) return true;
        const Service* service = find(one);
        if (!service || !seen.insert(service).second) continue;
        for (std::u16string& next : config_of(*service).services)
            todo.push_back(std::move(next));
    }
    return false;
}

std::vector<Service*> dependents(const Service& service) {
    std::vector<Service*> found;
    const std::u16string group = config_of(service).group;
    for (Service* other : all()) {
        const Config config = config_of(*other);
        bool needs = false;
        for (const std::u16string& name : config.services)
            needs |= same(name, service.name);
        for (const std::u16string& name : config.groups)
            needs |= !group.empty() && same(name, group);
        if (needs && other != &service) found.push_back(other);
    }
    return found;
}

} // namespace nt::scm
