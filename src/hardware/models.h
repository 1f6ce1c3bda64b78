// Devices that are played by shared objects (model/drvlab_model.h): loading them, and everything they ask
// for.
#pragma once
#include "abi/types.h"
#include <expected>
#include <string>
#include <utility>
#include <vector>

namespace nt::hardware {

struct ModelSpec {
    std::string path;      // of the shared object
    std::string arguments; // for its create function
};

struct ModelHooks {
    // Ends the run with a text; a model has failed while the machine ran. Does not return.
    void (*failed)(const char* text) = nullptr;
};

// Loads the models in their order and puts their devices in place: PCI functions from device 2 on, in address
// space that firmware would give them. The seed is that of the run. An error names the model and what is
// wrong with it.
std::expected<void, std::string> load_models(const std::vector<ModelSpec>& specs, ULONGLONG seed);
void set_model_hooks(const ModelHooks& hooks);

// The devices there are: a name, and "PCI 00:02.0 1db5:0002, BAR0 0xe0000000, line 18".
std::vector<std::pair<std::string, std::string>> describe_models();
// Name of the model whose code runs now; null: none. For a fault of its own.
const char* running_model();
// Destroys them (unit tests; the machine never ends otherwise).
void unload_models();

} // namespace nt::hardware
