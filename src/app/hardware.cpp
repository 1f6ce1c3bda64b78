#include "app/hardware.h"
#include "app/options.h"
#include "hardware/bus.h"
#include "hardware/firmware.h"
#include "hardware/pci.h"
#include "kernel/cm/registry.h"
#include "kernel/io/device_node.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/clock.h"
#include "kernel/mm/io_space.h"
#include "trace/trace.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace app {

using namespace nt;
namespace fs = std::filesystem;

namespace {

std::string installed_models() {
    std::vector<std::string> names;
    for (const char* up : {"/models", "/../models"}) {
        std::error_code error;
        for (const auto& file : fs::directory_iterator(program_directory() + up, error))
            if (file.path().extension() == ".so") names.push_back(file.path().stem().string());
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    std::string text;
    for (const auto& name : names)
        text += (text.empty() ? "" : ", ") + name;
    return text.empty() ? "none" : text;
}

} // namespace

hardware::ModelSpec hardware_from(const std::string& text) {
    hardware::ModelSpec spec{text, ""};
    std::error_code error;
    if (const auto colon = text.find(':'); colon != std::string::npos && !fs::exists(text, error)) {
        spec.path = text.substr(0, colon);
        spec.arguments = text.substr(colon + 1);
    }
    const bool is_file = spec.path.find('/') != std::string::npos || spec.path.ends_with(".so");
    if (is_file) {
        if (!fs::exists(spec.path, error))
            throw CLI::ValidationError("--hardware", "there is no file '" + spec.path + "'");
        spec.path = fs::absolute(spec.path).string(); // dlopen looks elsewhere for plain names
        return spec;
    }
    const std::string name = spec.path;
    spec.path = installed_file("models/" + name + ".so");
    if (spec.path.empty())
        throw CLI::ValidationError("--hardware", "there is no model '" + name + "'; installed: " +
                                                     installed_models() + " (or a file, ./" + name + ".so)");
    return spec;
}

std::string start_hardware(const Config& config) {
    hardware::set_clock({[] { return ke::virtual_time(); }, ke::charge});
    hardware::set_model_hooks({[](const char* text) { ke::stop_machine(ke::StopKind::report, "%s", text); }});
    hardware::set_stall_hook([](const char* text, ULONG_PTR caller) {
        ke::Stop stop;
        stop.kind = ke::StopKind::hang;
        stop.caller = caller;
        std::snprintf(stop.text, sizeof stop.text, "%s", text);
        ke::stop_machine(stop);
    });
    hardware::pci::initialize();
    if (auto loaded = hardware::load_models(config.hardware, config.seed); !loaded) return loaded.error();
    hardware::FirmwareConfig firmware;
    firmware.processors = config.processors;
    for (const auto& [first, bytes] : mm::physical_memory_ranges())
        firmware.memory += bytes;
    hardware::build_firmware(firmware);
    return {};
}

std::string write_message_settings(const Config& config) {
    for (const std::string& text : config.messages) {
        const auto colon = text.rfind(':');
        const std::string name = text.substr(0, colon);
        const io::DeviceNode* node = io::first_node();
        while (node && !(node->function() && node->function()->name() == name))
            node = node->next;
        if (!node) return "--msi: there is no PCI device '" + name + "'";
        if (!node->function()->msi_messages() && !node->function()->msix_messages())
            return "--msi: device '" + name + "' has no message-signalled interrupts";
        const std::u16string key =
            io::hardware_key(*node) + u"\\Interrupt Management\\MessageSignaledInterruptProperties";
        const ULONG supported = 1;
        cm::set_value(key, u"MSISupported", REG_DWORD, &supported, sizeof supported);
        if (colon == text.npos) continue;
        char* end = nullptr;
        const auto limit = static_cast<ULONG>(std::strtoul(text.c_str() + colon + 1, &end, 0));
        if (*end || limit == 0 || limit > 2048)
            return "--msi: '" + text.substr(colon + 1) + "' is no number of messages, 1 to 2048";
        cm::set_value(key, u"MessageNumberLimit", REG_DWORD, &limit, sizeof limit);
    }
    return {};
}

void trace_hardware() {
    if (!trace::on) return;
    for (const auto& [name, text] : hardware::describe_models())
        trace::emit_device_message(name, text);
}

} // namespace app
