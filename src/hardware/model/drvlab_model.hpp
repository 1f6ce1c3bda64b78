// Hardware models in C++: a class derived from drvlab::Model and one line, DRVLAB_MODEL(Class, "name").
// docs/modelling-hardware.md has a whole example. This header is all there is: no library to link.
#pragma once
#include "drvlab_model.h"
#include <algorithm>
#include <exception>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace drvlab {

// What a constructor gets: the way to Drvlab, and what the command line says.
struct Setup {
    const drvlab_host* host;
    drvlab_device* device;
    std::string arguments; // "name=value,name=value"

    // What may be on the command line; anything else is an error.
    void allow(std::initializer_list<std::string> names) const {
        std::string all;
        for (const std::string& name : names)
            all += (all.empty() ? "" : ", ") + name;
        for (std::size_t at = 0; at < arguments.size();) {
            const std::size_t end = std::min(arguments.find(',', at), arguments.size());
            const std::string item = arguments.substr(at, end - at), name = item.substr(0, item.find('='));
            bool known = false;
            for (const std::string& each : names)
                known |= each == name;
            if (!known)
                throw std::runtime_error("there is no option '" + name + "'; there are: " + (all.empty() ? "none" : all));
            at = end + 1;
        }
    }
    // A value of the arguments, or `otherwise`.
    std::string argument(const std::string& name, const std::string& otherwise = "") const {
        for (std::size_t at = 0; at < arguments.size();) {
            const std::size_t end = std::min(arguments.find(',', at), arguments.size());
            const std::string item = arguments.substr(at, end - at);
            const std::size_t equals = item.find('=');
            if (item.substr(0, equals) == name)
                return equals == std::string::npos ? "" : item.substr(equals + 1);
            at = end + 1;
        }
        return otherwise;
    }
    // A number with an optional K, M or G.
    std::uint64_t number(const std::string& name, std::uint64_t otherwise) const {
        const std::string text = argument(name);
        if (text.empty()) return otherwise;
        std::size_t used = 0;
        std::uint64_t value = 0;
        try {
            value = std::stoull(text, &used, 0);
        } catch (const std::exception&) {
        }
        const std::string unit = text.substr(used);
        const int shift = unit.empty() ? 0 : unit == "K" ? 10 : unit == "M" ? 20 : unit == "G" ? 30 : -1;
        if (used == 0 || shift < 0) throw std::runtime_error(name + "=" + text + " is no number");
        return value << shift;
    }
};

class Model {
  public:
    explicit Model(const Setup& setup) : host_(setup.host), device_(setup.device) {}
    virtual ~Model() = default;
    Model(const Model&) = delete;
    Model& operator=(const Model&) = delete;

    virtual std::uint64_t read(std::uint32_t region, std::uint64_t offset, std::uint32_t bytes) = 0;
    virtual void write(std::uint32_t region, std::uint64_t offset, std::uint32_t bytes,
                       std::uint64_t value) = 0;

  protected:
    using Function = drvlab_device*; // of a PCI device; null: the first one

    // Declarations: constructor only.
    void pci(const drvlab_pci_identity& identity, Function of = nullptr) {
        host_->declare_pci(that(of), &identity);
    }
    Function function() { return host_->declare_function(device_); }
    std::uint32_t bar(std::uint32_t index, drvlab_region_kind kind, std::uint64_t size,
                      std::uint32_t width = 8, Function of = nullptr) {
        return host_->declare_bar(that(of), index, kind, size, width);
    }
    std::uint32_t ports(std::uint32_t first, std::uint32_t count, std::uint32_t width = 4) {
        return host_->declare_ports(device_, first, count, width);
    }
    std::uint32_t registers(std::uint64_t physical, std::uint64_t size, std::uint32_t width = 8) {
        return host_->declare_registers(device_, physical, size, width);
    }
    void line(std::uint32_t number) { host_->declare_line(device_, number); }
    void dma_channel(std::uint32_t number) { host_->declare_dma_channel(device_, number); }
    void msi(std::uint32_t messages, Function of = nullptr) { host_->declare_msi(that(of), messages); }
    void msix(std::uint32_t messages, std::uint32_t bar, std::uint32_t offset, Function of = nullptr) {
        host_->declare_msix(that(of), messages, bar, offset);
    }
    void capability(std::uint8_t id, const std::vector<std::uint8_t>& bytes,
                    const std::vector<std::uint8_t>& writable, Function of = nullptr) {
        if (bytes.size() != writable.size())
            throw std::logic_error("a capability needs as many mask bytes as bytes");
        host_->declare_capability(that(of), id, bytes.data(), writable.data(),
                                  static_cast<std::uint32_t>(bytes.size()));
    }

    void set_line(bool asserted, Function of = nullptr) { host_->set_line(that(of), asserted); }
    bool send_message(std::uint32_t number, Function of = nullptr) {
        return host_->send_message(that(of), number);
    }
    bool dma_read(std::uint64_t physical, void* to, std::uint64_t bytes) {
        return host_->dma_read(device_, physical, to, bytes);
    }
    bool dma_write(std::uint64_t physical, const void* from, std::uint64_t bytes) {
        return host_->dma_write(device_, physical, from, bytes);
    }
    // Bytes moved through a channel of the system DMA controller.
    std::uint32_t channel_transfer(std::uint32_t channel, void* buffer, std::uint32_t bytes, bool to_memory,
                                   bool& end) {
        int at_end = 0;
        const std::uint32_t moved =
            host_->dma_channel(device_, channel, buffer, bytes, to_memory, &at_end);
        end = at_end;
        return moved;
    }
    // Virtual time in 100 ns units.
    std::uint64_t now() const { return host_->now(device_); }
    std::uint64_t random() { return host_->random(device_); }
    void log(const std::string& text) { host_->log(device_, text.c_str()); }
    void fail(const std::string& text) { host_->fail(device_, text.c_str()); }

    // Calls `function` once, `delay` from now.
    std::uint64_t after(std::uint64_t delay, std::function<void()> function) {
        auto event = std::make_unique<Event>(Event{this, 0, std::move(function)});
        event->id = host_->schedule(device_, delay, run_event, event.get());
        const std::uint64_t id = event->id;
        events_.emplace(id, std::move(event));
        return id;
    }
    bool cancel(std::uint64_t id) { return events_.erase(id) && host_->cancel(device_, id); }

  private:
    struct Event {
        Model* model;
        std::uint64_t id;
        std::function<void()> function;
    };
    static void run_event(void* argument) {
        auto* event = static_cast<Event*>(argument);
        Model& model = *event->model;
        const auto node = model.events_.extract(event->id);
        model.guarded([&] { node.mapped()->function(); });
    }

    // No exception goes to Drvlab: what was thrown ends the run by name.
    template <class F> void guarded(F&& body) {
        std::string what;
        try {
            body();
            return;
        } catch (const std::exception& e) {
            what = e.what();
        } catch (...) {
            what = "something was thrown that is no std::exception";
        }
        fail(what);
    }

    drvlab_device* that(Function of) const { return of ? of : device_; }

    const drvlab_host* host_;
    drvlab_device* device_;
    std::map<std::uint64_t, std::unique_ptr<Event>> events_;

    template <class T> friend struct Entry;
};

// The functions of drvlab_model for a class.
template <class T> struct Entry {
    static void* create(const drvlab_host* host, drvlab_device* device, const char* arguments) {
        std::string what;
        try {
            return static_cast<Model*>(new T(Setup{host, device, arguments}));
        } catch (const std::exception& e) {
            what = e.what();
        } catch (...) {
            what = "something was thrown that is no std::exception";
        }
        host->fail(device, what.c_str());
        return nullptr;
    }
    static std::uint64_t read(void* self, std::uint32_t region, std::uint64_t offset, std::uint32_t bytes) {
        auto* model = static_cast<Model*>(self);
        std::uint64_t value = ~std::uint64_t{0};
        model->guarded([&] { value = model->read(region, offset, bytes); });
        return value;
    }
    static void write(void* self, std::uint32_t region, std::uint64_t offset, std::uint32_t bytes,
                      std::uint64_t value) {
        auto* model = static_cast<Model*>(self);
        model->guarded([&] { model->write(region, offset, bytes, value); });
    }
    static void destroy(void* self) { delete static_cast<Model*>(self); }
};

} // namespace drvlab

// Once, in one source file of the model.
#define DRVLAB_MODEL(Class, model_name)                                                                      \
    extern "C" const drvlab_model* drvlab_model_entry(void) {                                                \
        static const drvlab_model model = {                                                                  \
            DRVLAB_MODEL_VERSION,         sizeof(drvlab_model),       model_name,                            \
            drvlab::Entry<Class>::create, drvlab::Entry<Class>::read, drvlab::Entry<Class>::write,           \
            drvlab::Entry<Class>::destroy};                                                                  \
        return &model;                                                                                       \
    }                                                                                                        \
    static_assert(true)
