#include "kernel/cm/query.h"
#include "abi/status.h"
#include <algorithm>
#include <cstddef>
#include <cstring>

namespace nt::cm {

namespace {

// A fixed part followed by texts, cut where the buffer ends.
class Writer {
  public:
    Writer(PVOID to, ULONG length) : to_(static_cast<UCHAR*>(to)), length_(length) {}
    void put(ULONG offset, const void* from, std::size_t size) {
        end_ = std::max<ULONG>(end_, offset + static_cast<ULONG>(size));
        if (offset >= length_) return;
        std::memcpy(to_ + offset, from, std::min<std::size_t>(size, length_ - offset));
    }
    NTSTATUS finish(ULONG fixed, ULONG& needed) const {
        needed = end_;
        return length_ < fixed  ? STATUS_BUFFER_TOO_SMALL
               : length_ < end_ ? STATUS_BUFFER_OVERFLOW
                                : STATUS_SUCCESS;
    }

  private:
    UCHAR* to_;
    ULONG length_, end_ = 0;
};

// Classes beyond abi's, and what ntddk page ns-ntddk-_key_cached_information has.
enum : ULONG {
    key_cached_information = 4,
    key_flags_information,
    key_virtualization_information,
    key_handle_tags_information,
    key_trust_information,
};
struct KEY_CACHED_INFORMATION {
    LARGE_INTEGER LastWriteTime;
    ULONG TitleIndex, SubKeys, MaxNameLen, Values, MaxValueNameLen, MaxValueDataLen, NameLength;
};

ULONG bytes(const std::u16string& text) { return static_cast<ULONG>(text.size() * sizeof(WCHAR)); }

template <class Head> void measure(const Node& node, Head& head) {
    head.SubKeys = static_cast<ULONG>(node.children.size());
    head.Values = static_cast<ULONG>(node.values.size());
    for (const auto& [name, child] : node.children)
        head.MaxNameLen = std::max(head.MaxNameLen, bytes(name));
    for (const Value& value : node.values) {
        head.MaxValueNameLen = std::max(head.MaxValueNameLen, bytes(value.name));
        head.MaxValueDataLen = std::max(head.MaxValueDataLen, static_cast<ULONG>(value.data.size()));
    }
}

} // namespace

NTSTATUS query_value(const Value& value, ULONG information_class, PVOID to, ULONG length, ULONG& needed) {
    Writer w(to, length);
    const ULONG name = bytes(value.name), data = static_cast<ULONG>(value.data.size());
    switch (information_class) {
    case KeyValueBasicInformation: {
        const KEY_VALUE_BASIC_INFORMATION head{0, value.type, name, {}};
        constexpr ULONG fixed = offsetof(KEY_VALUE_BASIC_INFORMATION, Name);
        w.put(0, &head, fixed);
        w.put(fixed, value.name.data(), name);
        return w.finish(fixed, needed);
    }
    case KeyValueFullInformation:
    case KeyValueFullInformationAlign64: {
        constexpr ULONG fixed = offsetof(KEY_VALUE_FULL_INFORMATION, Name);
        const ULONG alignment = information_class == KeyValueFullInformation ? 4 : 8;
        const ULONG offset = (fixed + name + alignment - 1) & ~(alignment - 1);
        const KEY_VALUE_FULL_INFORMATION head{0, value.type, offset, data, name, {}};
        w.put(0, &head, fixed);
        w.put(fixed, value.name.data(), name);
        w.put(offset, value.data.data(), data);
        return w.finish(fixed, needed);
    }
    case KeyValuePartialInformation: {
        constexpr ULONG fixed = offsetof(KEY_VALUE_PARTIAL_INFORMATION, Data);
        const KEY_VALUE_PARTIAL_INFORMATION head{0, value.type, data, {}};
        w.put(0, &head, fixed);
        w.put(fixed, value.data.data(), data);
        return w.finish(fixed, needed);
    }
    case KeyValuePartialInformationAlign64: {
        const ULONG head[2] = {value.type, data};
        w.put(0, head, sizeof head);
        w.put(sizeof head, value.data.data(), data);
        return w.finish(sizeof head, needed);
    }
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

NTSTATUS query_key(const Node& node, ULONG information_class, PVOID to, ULONG length, ULONG& needed) {
    Writer w(to, length);
    LARGE_INTEGER time;
    time.QuadPart = node.last_write;
    switch (information_class) {
    case KeyBasicInformation: {
        constexpr ULONG fixed = offsetof(KEY_BASIC_INFORMATION, Name);
        const KEY_BASIC_INFORMATION head{time, 0, bytes(node.name), {}};
        w.put(0, &head, fixed);
        w.put(fixed, node.name.data(), bytes(node.name));
        return w.finish(fixed, needed);
    }
    case KeyNodeInformation: {
        constexpr ULONG fixed = offsetof(KEY_NODE_INFORMATION, Name);
        const ULONG offset = (fixed + bytes(node.name) + 3) & ~3u;
        const bool has_class = !node.class_name.empty();
        const KEY_NODE_INFORMATION head{
            time, 0, has_class ? offset : ~0u, bytes(node.class_name), bytes(node.name), {}};
        w.put(0, &head, fixed);
        w.put(fixed, node.name.data(), bytes(node.name));
        if (has_class) w.put(offset, node.class_name.data(), bytes(node.class_name));
        return w.finish(fixed, needed);
    }
    case KeyFullInformation: {
        constexpr ULONG fixed = offsetof(KEY_FULL_INFORMATION, Class);
        KEY_FULL_INFORMATION head{};
        head.LastWriteTime = time;
        head.ClassOffset = node.class_name.empty() ? ~0u : fixed;
        head.ClassLength = bytes(node.class_name);
        measure(node, head);
        for (const auto& [name, child] : node.children)
            head.MaxClassLen = std::max(head.MaxClassLen, bytes(child->class_name));
        w.put(0, &head, fixed);
        w.put(fixed, node.class_name.data(), bytes(node.class_name));
        return w.finish(fixed, needed);
    }
    case KeyNameInformation: {
        constexpr ULONG fixed = offsetof(KEY_NAME_INFORMATION, Name);
        const std::u16string path = path_of(node);
        const KEY_NAME_INFORMATION head{bytes(path), {}};
        w.put(0, &head, fixed);
        w.put(fixed, path.data(), bytes(path));
        return w.finish(fixed, needed);
    }
    case key_cached_information: {
        KEY_CACHED_INFORMATION head{};
        head.LastWriteTime = time;
        head.NameLength = bytes(node.name);
        measure(node, head);
        w.put(0, &head, sizeof head);
        return w.finish(sizeof head, needed);
    }
    case key_flags_information: { // publicly known: Wow64Flags, KeyFlags, ControlFlags
        const ULONG flags[3] = {0, (node.is_volatile ? 1u : 0u) | (node.is_link ? 2u : 0u), 0};
        w.put(0, flags, sizeof flags);
        return w.finish(sizeof flags, needed);
    }
    case key_virtualization_information: // no program is virtualized
    case key_handle_tags_information:    // nobody has set any
    case key_trust_information: {        // nor trusted a key
        constexpr ULONG nothing = 0;
        w.put(0, &nothing, sizeof nothing);
        return w.finish(sizeof nothing, needed);
    }
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

} // namespace nt::cm
