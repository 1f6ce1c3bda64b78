// Sorts and keeps the order of equals. The library's own stable sort does not compile without warnings with
// every compiler and library that we build with.
#pragma once
#include <algorithm>
#include <functional>
#include <numeric>
#include <vector>

namespace view {

// `key`: a member or a function of an item; `before`: std::less or std::greater of keys.
template <class T, class Key, class Before = std::less<>>
void sort_by(std::vector<T>& items, Key key, Before before = {}) {
    std::vector<std::size_t> order(items.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        const auto& left = std::invoke(key, items[a]);
        const auto& right = std::invoke(key, items[b]);
        return before(left, right) || (!before(right, left) && a < b);
    });
    std::vector<T> sorted;
    sorted.reserve(items.size());
    for (const std::size_t i : order)
        sorted.push_back(std::move(items[i]));
    items = std::move(sorted);
}

} // namespace view
