// One device of a model: what drvlab_device is, and what the functions of drvlab_host do.
#pragma once
#include "hardware/interrupts.h"
#include "hardware/model/drvlab_model.h"
#include "hardware/pci.h"
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace nt::hardware {

// A loaded model: its functions are called through here only, so that what goes wrong in it has a name.
class LoadedModel {
  public:
    LoadedModel(const drvlab_model& functions, std::string name, ULONGLONG seed);
    ~LoadedModel();

    // False: see error().
    bool create(const char* arguments);
    void fail(const std::string& text);
    const std::string& error() const { return error_; }
    const std::string& name() const { return name_; }
    std::vector<std::unique_ptr<drvlab_device>>& devices() { return devices_; }
    bool creating() const { return creating_; }

    ULONGLONG read(ULONG region, ULONGLONG offset, ULONG bytes);
    void write(ULONG region, ULONGLONG offset, ULONG bytes, ULONGLONG value);
    // A function that the model has scheduled.
    void run(void (*function)(void*), void* argument);
    ULONGLONG random();
    ULONG next_region() { return regions_++; }

  private:
    template <class F> void guarded(F&& body);

    const drvlab_model& functions_;
    std::string name_, error_;
    void* self_ = nullptr;
    ULONG regions_ = 0;
    ULONGLONG random_state_;
    bool creating_ = false;
    std::vector<std::unique_ptr<drvlab_device>> devices_;
};

const drvlab_host& model_host();

} // namespace nt::hardware

// The opaque type of the C interface.
struct drvlab_device {
    using LoadedModel = nt::hardware::LoadedModel;

    drvlab_device(LoadedModel& model, std::string name) : model(model), name(std::move(name)) {}
    ~drvlab_device();

    struct Region final : nt::hardware::RangeHandler {
        Region(LoadedModel& model, nt::ULONG number) : model(model), number(number) {}
        nt::ULONGLONG read(nt::ULONGLONG offset, nt::ULONG bytes) override;
        void write(nt::ULONGLONG offset, nt::ULONG bytes, nt::ULONGLONG value) override;
        LoadedModel& model;
        const nt::ULONG number;
        bool is_port = false;
        nt::ULONGLONG first = 0, length = 0; // of a fixed place; PCI: length 0
    };
    struct Event {
        drvlab_device* device;
        void (*function)(void*);
        void* argument;
        nt::ULONGLONG id;
    };

    Region* add_region();

    LoadedModel& model;
    const std::string name;
    std::unique_ptr<nt::hardware::pci::Function> function;
    nt::ULONG slot = 0, number = 0; // on the bus
    std::unique_ptr<nt::hardware::InterruptLine> line;
    std::vector<std::unique_ptr<Region>> regions;
    std::vector<nt::ULONG> channels; // of the system DMA controller
    std::unordered_map<nt::ULONGLONG, std::unique_ptr<Event>> events;
};
