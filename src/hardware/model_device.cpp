#include "hardware/detail/model_device.h"
#include "hardware/dma_controller.h"
#include "hardware/events.h"
#include "hardware/models.h"
#include "hardware/physical_map.h"
#include "trace/trace.h"
#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <exception>

namespace nt::hardware {

namespace {

ModelHooks hooks;
const char* running = nullptr;

// The model's code runs from here to the end of the block.
struct Running {
    explicit Running(const char* name) : before(running) { running = name; }
    ~Running() { running = before; }
    const char* before;
};

} // namespace

void set_model_hooks(const ModelHooks& h) { hooks = h; }
const char* running_model() { return running; }

LoadedModel::LoadedModel(const drvlab_model& functions, std::string name, ULONGLONG seed)
    : functions_(functions), name_(std::move(name)), random_state_(seed) {
    devices_.push_back(std::make_unique<drvlab_device>(*this, name_));
}

LoadedModel::~LoadedModel() {
    if (self_ && functions_.destroy) functions_.destroy(self_);
}

// What the model throws must not go further; what has failed ends the run, after its own frames are gone.
template <class F> void LoadedModel::guarded(F&& body) {
    try {
        Running here(name_.c_str());
        body();
    } catch (const std::exception& e) {
        fail(std::string("an exception left it: ") + e.what());
    } catch (...) {
        fail("an exception left it that is no std::exception");
    }
    if (!error_.empty() && !creating_ && hooks.failed) hooks.failed(error_.c_str());
}

void LoadedModel::fail(const std::string& text) {
    if (error_.empty()) error_ = "hardware model '" + name_ + "': " + text;
}

bool LoadedModel::create(const char* arguments) {
    creating_ = true;
    guarded([&] { self_ = functions_.create(&model_host(), devices_.front().get(), arguments); });
    if (!self_) fail("it could not be made, and it says nothing why");
    creating_ = false;
    return error_.empty();
}

ULONGLONG LoadedModel::read(ULONG region, ULONGLONG offset, ULONG bytes) {
    ULONGLONG value = ~0ull;
    if (self_) guarded([&] { value = functions_.read(self_, region, offset, bytes); });
    return value;
}

void LoadedModel::write(ULONG region, ULONGLONG offset, ULONG bytes, ULONGLONG value) {
    if (self_) guarded([&] { functions_.write(self_, region, offset, bytes, value); });
}

void LoadedModel::run(void (*function)(void*), void* argument) {
    guarded([&] { function(argument); });
}

// SplitMix64: a sequence per model.
ULONGLONG LoadedModel::random() {
    random_state_ += 0x9e3779b97f4a7c15;
    ULONGLONG z = random_state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

} // namespace nt::hardware

using namespace nt;
using namespace nt::hardware;

ULONGLONG drvlab_device::Region::read(ULONGLONG offset, ULONG bytes) {
    return model.read(number, offset, bytes);
}
void drvlab_device::Region::write(ULONGLONG offset, ULONG bytes, ULONGLONG value) {
    model.write(number, offset, bytes, value);
}

drvlab_device::~drvlab_device() {
    dma_controller::unwire(name);
    for (const auto& event : events)
        events::cancel(event.first);
    for (const auto& region : regions)
        if (region->length) (region->is_port ? ports() : device_memory()).remove(region->first);
}

drvlab_device::Region* drvlab_device::add_region() {
    regions.push_back(std::make_unique<Region>(model, model.next_region()));
    return regions.back().get();
}

namespace {

__attribute__((format(printf, 2, 3))) void wrong(drvlab_device* d, const char* format, ...) {
    char text[256];
    va_list args;
    va_start(args, format);
    std::vsnprintf(text, sizeof text, format, args);
    va_end(args);
    d->model.fail(text);
}

bool may_declare(drvlab_device* d, const char* what) {
    if (!d->model.creating()) wrong(d, "%s is for create only", what);
    return d->model.creating();
}

pci::Function* pci_function(drvlab_device* d, const char* what) {
    if (!may_declare(d, what)) return nullptr;
    if (!d->function) wrong(d, "%s before declare_pci", what);
    return d->function.get();
}

void declare_pci(drvlab_device* d, const drvlab_pci_identity* i) {
    if (!may_declare(d, "declare_pci")) return;
    if (d->function) return wrong(d, "declare_pci twice");
    if (i->vendor == 0xFFFF) return wrong(d, "vendor 0xffff means that there is no device");
    if (i->interrupt_pin > 4) return wrong(d, "interrupt pin %u: there are INTA# to INTD#", i->interrupt_pin);
    pci::Identity identity;
    identity.vendor = i->vendor, identity.device = i->device;
    identity.subsystem_vendor = i->subsystem_vendor, identity.subsystem = i->subsystem;
    identity.revision = i->revision, identity.interface = i->programming_interface;
    identity.subclass = i->subclass, identity.base_class = i->base_class;
    identity.pin = i->interrupt_pin;
    d->function = std::make_unique<pci::Function>(d->name, identity);
}

drvlab_device* declare_function(drvlab_device* d) {
    if (!may_declare(d, "declare_function")) return d;
    auto& all = d->model.devices();
    if (all.size() == pci::functions) {
        wrong(d, "a PCI device has 8 functions at most");
        return d;
    }
    const std::string name = d->model.name() + "." + std::to_string(all.size());
    all.push_back(std::make_unique<drvlab_device>(d->model, name));
    return all.back().get();
}

bool good_width(drvlab_device* d, uint32_t width) {
    const bool good = width == 1 || width == 2 || width == 4 || width == 8;
    if (!good) wrong(d, "a width of %u bytes: there are 1, 2, 4 and 8", width);
    return good;
}

uint32_t declare_bar(drvlab_device* d, uint32_t index, drvlab_region_kind kind, uint64_t size,
                     uint32_t width) {
    pci::Function* f = pci_function(d, "declare_bar");
    if (!f || !good_width(d, width)) return 0;
    const pci::BarKind bar = kind == DRVLAB_BAR_PORTS      ? pci::BarKind::ports
                             : kind == DRVLAB_BAR_MEMORY64 ? pci::BarKind::memory64
                                                           : pci::BarKind::memory32;
    auto* region = d->add_region();
    if (!f->add_bar(index, bar, size, region, width))
        wrong(d,
              "base address register %u of %llu bytes: there are 6 registers, each once (64-bit ones take "
              "two); sizes "
              "are powers of two, 16 bytes to 256 MiB of memory or 4 to 256 ports",
              index, static_cast<unsigned long long>(size));
    return region->number;
}

uint32_t declare_fixed(drvlab_device* d, AddressSpace& space, bool is_port, ULONGLONG first, ULONGLONG length,
                       ULONG width) {
    if (!good_width(d, width)) return 0;
    auto* region = d->add_region();
    if (const Range* other = space.add({first, length, region, d->name, width})) {
        wrong(d, "%s 0x%llx to 0x%llx overlap those of '%s' (0x%llx to 0x%llx)",
              is_port ? "ports" : "registers", static_cast<unsigned long long>(first),
              static_cast<unsigned long long>(first + length - 1), other->device.c_str(),
              static_cast<unsigned long long>(other->first),
              static_cast<unsigned long long>(other->first + other->length - 1));
        return region->number;
    }
    region->is_port = is_port;
    region->first = first;
    region->length = length;
    return region->number;
}

uint32_t declare_ports(drvlab_device* d, uint32_t first, uint32_t count, uint32_t width) {
    if (!may_declare(d, "declare_ports")) return 0;
    if (count == 0 || std::uint64_t{first} + count > 0x10000) {
        wrong(d, "%u ports at 0x%x: there are ports 0 to 0xffff", count, first);
        return 0;
    }
    return declare_fixed(d, ports(), true, first, count, width);
}

uint32_t declare_registers(drvlab_device* d, uint64_t physical, uint64_t size, uint32_t width) {
    if (!may_declare(d, "declare_registers")) return 0;
    const uint64_t end = physical + size;
    bool room = size != 0 && end > physical && end <= physical_end;
    for (uint64_t page = physical & ~0xFFFull; room && page < end; page += 0x1000)
        room = !is_memory(page);
    if (!room) {
        wrong(d, "registers at 0x%llx, %llu bytes: there is memory, or no address space",
              static_cast<unsigned long long>(physical), static_cast<unsigned long long>(size));
        return 0;
    }
    return declare_fixed(d, device_memory(), false, physical, size, width);
}

void declare_line(drvlab_device* d, uint32_t line) {
    if (!may_declare(d, "declare_line")) return;
    if (line > 15) return wrong(d, "interrupt line %u: fixed lines are 0 to 15", line);
    d->line = std::make_unique<InterruptLine>(line, d->name);
}

void declare_msi(drvlab_device* d, uint32_t messages) {
    pci::Function* f = pci_function(d, "declare_msi");
    if (f && !f->add_msi(messages)) wrong(d, "%u MSI messages: 1, 2, 4, 8, 16 or 32, once", messages);
}

void declare_msix(drvlab_device* d, uint32_t messages, uint32_t bar, uint32_t offset) {
    pci::Function* f = pci_function(d, "declare_msix");
    if (f && !f->add_msix(messages, bar, offset))
        wrong(d,
              "%u MSI-X messages at 0x%x of base address register %u: 1 to 2048, once, at a multiple of 8 "
              "within a "
              "memory register that is declared before",
              messages, offset, bar);
}

void declare_capability(drvlab_device* d, uint8_t id, const uint8_t* bytes, const uint8_t* writable,
                        uint32_t count) {
    pci::Function* f = pci_function(d, "declare_capability");
    if (f && !f->add_capability(id, bytes, writable, count))
        wrong(d, "capability 0x%x of %u bytes: configuration space is full", id, count);
}

void set_line(drvlab_device* d, int asserted) {
    if (d->function)
        d->function->set_line(asserted);
    else if (d->line)
        d->line->set(asserted);
    else
        wrong(d, "set_line, but no line was declared");
}

int send(drvlab_device* d, uint32_t number) { return d->function && d->function->send(number); }

int dma(drvlab_device* d, ULONGLONG physical, ULONGLONG bytes, bool write, void* buffer) {
    const bool allowed = !d->function || d->function->bus_master();
    const bool done =
        allowed && (write ? write_physical(physical, buffer, bytes) : read_physical(physical, buffer, bytes));
    if (trace::on) trace::emit_dma(physical, bytes, write, done, d->name);
    return done;
}

int dma_read(drvlab_device* d, uint64_t physical, void* to, uint64_t bytes) {
    return dma(d, physical, bytes, false, to);
}
int dma_write(drvlab_device* d, uint64_t physical, const void* from, uint64_t bytes) {
    return dma(d, physical, bytes, true, const_cast<void*>(from));
}

void declare_dma_channel(drvlab_device* d, uint32_t channel) {
    if (!may_declare(d, "declare_dma_channel")) return;
    if (!dma_controller::exists(channel))
        return wrong(d, "DMA channel %u: there are 0 to 3 and 5 to 7", channel);
    if (!dma_controller::wire(channel, d->name))
        return wrong(d, "DMA channel %u is another device's", channel);
    d->channels.push_back(channel);
}

uint32_t dma_channel(drvlab_device* d, uint32_t channel, void* buffer, uint32_t bytes, int to_memory,
                     int* end) {
    *end = 0;
    if (std::find(d->channels.begin(), d->channels.end(), channel) == d->channels.end()) {
        wrong(d, "dma_channel, but channel %u was not declared", channel);
        return 0;
    }
    bool at_end = false;
    const uint32_t moved = dma_controller::serve(channel, buffer, bytes, to_memory, at_end, d->name);
    *end = at_end;
    return moved;
}

uint64_t model_now(drvlab_device*) { return now(); }

void run_event(void* argument) {
    auto* event = static_cast<drvlab_device::Event*>(argument);
    drvlab_device& d = *event->device;
    const auto node = d.events.extract(event->id);
    d.model.run(node.mapped()->function, node.mapped()->argument);
}

uint64_t schedule(drvlab_device* d, uint64_t delay, void (*function)(void*), void* argument) {
    auto event = std::make_unique<drvlab_device::Event>(drvlab_device::Event{d, function, argument, 0});
    const ULONGLONG start = now();
    const ULONGLONG due = delay == 0                      ? start + 1
                          : delay > events::never - start ? events::never
                                                          : start + delay;
    const ULONGLONG id = events::schedule(due, run_event, event.get());
    event->id = id;
    d->events.emplace(id, std::move(event));
    return id;
}

int cancel(drvlab_device* d, uint64_t id) { return d->events.erase(id) && events::cancel(id); }

uint64_t model_random(drvlab_device* d) { return d->model.random(); }

void log(drvlab_device* d, const char* text) {
    if (trace::on) trace::emit_device_message(d->name, text ? text : "");
}

void fail(drvlab_device* d, const char* text) {
    d->model.fail(text && *text ? text : "it failed, and does not say why");
}

} // namespace

namespace nt::hardware {

const drvlab_host& model_host() {
    static const drvlab_host host = {DRVLAB_MODEL_VERSION,
                                     sizeof(drvlab_host),
                                     declare_pci,
                                     declare_function,
                                     declare_bar,
                                     declare_ports,
                                     declare_registers,
                                     declare_line,
                                     declare_msi,
                                     declare_msix,
                                     declare_capability,
                                     ::set_line,
                                     ::send,
                                     ::dma_read,
                                     ::dma_write,
                                     model_now,
                                     ::schedule,
                                     ::cancel,
                                     model_random,
                                     ::log,
                                     ::fail,
                                     declare_dma_channel,
                                     ::dma_channel};
    return host;
}

} // namespace nt::hardware
