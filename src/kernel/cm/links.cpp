#include "kernel/cm/detail/links.h"
#include "abi/status.h"
#include "rtl/strings.h"

namespace nt::cm {

namespace {

constexpr std::u16string_view link_value = u"SymbolicLinkValue";
constexpr ULONG most_links = 32; // assumed: more for one name lead nowhere, and so does a ring

bool same(std::u16string_view a, std::u16string_view b) {
    return a.size() == b.size() && rtl::compare(a.data(), a.size(), b.data(), b.size(), true) == 0;
}

std::u16string target_of(Node& link) {
    const Value* value = find_value(link, link_value);
    if (!value || value->type != REG_LINK) return {};
    std::u16string path(value->data.size() / sizeof(WCHAR), u'\0');
    __builtin_memcpy(path.data(), value->data.data(), path.size() * sizeof(WCHAR));
    return path;
}

bool is_absolute(std::u16string_view path) {
    constexpr std::u16string_view root = u"\\Registry\\";
    return path.size() > root.size() && same(path.substr(0, root.size()), root);
}

} // namespace

Node* detail::behind(Node& node, ULONG& links) {
    if (!node.is_link) return &node;
    const std::u16string target = target_of(node);
    return is_absolute(target) && ++links <= most_links ? key_at(target, links) : nullptr;
}

void detail::make_link(Node& node, std::u16string_view target) {
    node.is_link = true;
    write_value(node, link_value, REG_LINK, target.data(), target.size() * sizeof(WCHAR));
}

// assumed: a link has this value only.
NTSTATUS may_set_value(const Node& node, std::u16string_view name, ULONG type) {
    return !node.is_link || (type == REG_LINK && same(name, link_value)) ? STATUS_SUCCESS
                                                                         : STATUS_ACCESS_DENIED;
}

} // namespace nt::cm
