#include "app/driver_order.h"
#include "host/file.h"
#include "kernel/ldr/image_file.h"
#include <algorithm>

namespace app {

using namespace nt;

namespace {

enum class Mark { unseen, open, placed };

struct Node {
    std::string file; // as imports name it, in lower case
    std::vector<std::size_t> needs;
    Mark mark = Mark::unseen;
};

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return out;
}

class Order {
  public:
    explicit Order(const std::deque<LoadedDriver>& drivers) : nodes_(drivers.size()) {
        for (std::size_t i = 0; i < drivers.size(); i++) {
            const std::string& path = drivers[i].spec.path;
            nodes_[i].file = lower(path.substr(path.rfind('/') + 1));
        }
        for (std::size_t i = 0; i < drivers.size(); i++)
            find_needs(i, drivers[i].spec.path);
    }
    // False: `circle` says which drivers need each other.
    bool place_all() {
        for (std::size_t i = 0; i < nodes_.size(); i++)
            if (!place(i)) return false;
        return true;
    }
    std::vector<std::size_t> placed;
    std::string circle;

  private:
    void find_needs(std::size_t i, const std::string& path) {
        auto bytes = host::read_file(path);
        if (!bytes) return;
        const auto file = ldr::ImageFile::parse(std::move(*bytes), ldr::Use::driver);
        if (!file) return;
        for (const std::string_view dll : file->import_dlls) {
            const auto other = std::ranges::find(nodes_, lower(dll), &Node::file);
            if (other != nodes_.end() && other != nodes_.begin() + static_cast<std::ptrdiff_t>(i))
                nodes_[i].needs.push_back(static_cast<std::size_t>(other - nodes_.begin()));
        }
    }
    bool place(std::size_t i) {
        Node& node = nodes_[i];
        if (node.mark == Mark::placed) return true;
        path_.push_back(i);
        if (node.mark == Mark::open) {
            for (auto at = std::ranges::find(path_, i); at != path_.end(); ++at)
                circle += (circle.empty() ? "" : " imports from ") + nodes_[*at].file;
            return false;
        }
        node.mark = Mark::open;
        for (const std::size_t other : node.needs)
            if (!place(other)) return false;
        node.mark = Mark::placed;
        placed.push_back(i);
        path_.pop_back();
        return true;
    }

    std::vector<Node> nodes_;
    std::vector<std::size_t> path_;
};

} // namespace

std::string order_drivers(std::deque<LoadedDriver>& drivers) {
    if (drivers.size() < 2) return {};
    Order order(drivers);
    if (!order.place_all()) return "drivers that need each other cannot be loaded: " + order.circle;
    std::deque<LoadedDriver> ordered;
    for (const std::size_t i : order.placed)
        ordered.push_back(std::move(drivers[i]));
    drivers = std::move(ordered);
    return {};
}

} // namespace app
