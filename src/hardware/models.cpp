#include "hardware/models.h"
#include "hardware/detail/model_device.h"
#include "hardware/physical_map.h"
#include <cstdio>
#include <dlfcn.h>

namespace nt::hardware {

namespace {

std::vector<std::unique_ptr<LoadedModel>>& models() {
    static std::vector<std::unique_ptr<LoadedModel>> all;
    return all;
}

using Error = std::unexpected<std::string>;

// The description that a shared object gives of itself.
std::expected<const drvlab_model*, std::string> open_model(const std::string& path) {
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char* why = dlerror();
        return Error("hardware model '" + path + "' cannot be loaded: " + (why ? why : "unknown reason"));
    }
    const auto entry = reinterpret_cast<drvlab_model_entry_function>(dlsym(library, DRVLAB_MODEL_ENTRY));
    if (!entry) return Error("'" + path + "' is no hardware model: it has no function " DRVLAB_MODEL_ENTRY);
    const drvlab_model* model = entry();
    if (!model) return Error("hardware model '" + path + "': " DRVLAB_MODEL_ENTRY " gave nothing");
    if (model->version != DRVLAB_MODEL_VERSION)
        return Error("hardware model '" + path + "' was built for version " + std::to_string(model->version) +
                     " of the interface; this Drvlab has version " + std::to_string(DRVLAB_MODEL_VERSION) +
                     ": build it again");
    if (model->size != sizeof(drvlab_model))
        return Error("hardware model '" + path + "': its drvlab_model has " + std::to_string(model->size) +
                     " bytes, this Drvlab's has " + std::to_string(sizeof(drvlab_model)));
    if (!model->name || !*model->name || !model->create || !model->read || !model->write)
        return Error("hardware model '" + path + "': name, create, read and write must be there");
    return model;
}

struct Firmware {
    ULONG next_slot = 2;
    ULONGLONG next_memory = pci_memory;
    ULONGLONG next_port = 0xC000;
};

std::expected<void, std::string> put_on_bus(LoadedModel& model, Firmware& firmware) {
    auto& all = model.devices();
    if (!all.front()->function) {
        if (all.size() > 1)
            return Error("hardware model '" + model.name() + "': functions, but no declare_pci");
        return {};
    }
    const ULONG slot = firmware.next_slot++;
    if (slot >= pci::devices) return Error("hardware model '" + model.name() + "': the PCI bus is full");
    for (ULONG n = 0; n < all.size(); n++) {
        drvlab_device& d = *all[n];
        if (!d.function) return Error("hardware model '" + d.name + "': a function without declare_pci");
        const ULONG pin = d.function->read(0x3D, 1);
        if (!d.function->configure(firmware.next_memory, firmware.next_port,
                                   pin ? pci::line_of_pin(slot, pin) : 0))
            return Error("hardware model '" + d.name + "': no address space is left for its registers");
        d.slot = slot;
        d.number = n;
        pci::insert(*d.function, slot, n);
    }
    return {};
}

} // namespace

std::expected<void, std::string> load_models(const std::vector<ModelSpec>& specs, ULONGLONG seed) {
    Firmware firmware;
    ULONGLONG number = 0;
    for (const ModelSpec& spec : specs) {
        const auto description = open_model(spec.path);
        if (!description) return Error(description.error());
        std::string name = (*description)->name;
        ULONG same = 0;
        for (const auto& other : models())
            same += other->name() == name || other->name().starts_with(name + "#");
        if (same) name += "#" + std::to_string(same + 1);
        models().push_back(std::make_unique<LoadedModel>(**description, name, seed * 0x10001 + number++));
        LoadedModel& model = *models().back();
        if (!model.create(spec.arguments.c_str())) return Error(model.error());
        if (auto placed = put_on_bus(model, firmware); !placed) return placed;
    }
    return {};
}

std::vector<std::pair<std::string, std::string>> describe_models() {
    std::vector<std::pair<std::string, std::string>> lines;
    for (const auto& model : models())
        for (const auto& d : model->devices()) {
            std::string line;
            char text[80];
            const auto say = [&](const char* format, auto... values) {
                std::snprintf(text, sizeof text, format, values...);
                (line += line.empty() ? "" : ", ") += text;
            };
            using ull = unsigned long long;
            if (pci::Function* f = d->function.get()) {
                say("PCI 00:%02x.%u %04x:%04x", d->slot, d->number, f->read(0, 2), f->read(2, 2));
                for (ULONG i = 0; i < 6; i++)
                    if (const ULONGLONG at = f->bar_address(i)) say("BAR%u 0x%llx", i, static_cast<ull>(at));
                if (f->read(0x3D, 1)) say("line %u", f->read(0x3C, 1));
            }
            for (const auto& r : d->regions)
                if (r->length)
                    say("%s 0x%llx-0x%llx", r->is_port ? "ports" : "registers", static_cast<ull>(r->first),
                        static_cast<ull>(r->first + r->length - 1));
            if (d->line) say("line %u", d->line->line());
            for (const ULONG channel : d->channels)
                say("DMA channel %u", channel);
            lines.push_back({d->name, line});
        }
    return lines;
}

void unload_models() { models().clear(); }

} // namespace nt::hardware
