#include "abi/pe.h"
#include "app/commands.h"
#include "app/exit_status.h"
#include "app/program_imports.h"
#include "app/session.h"
#include "app/usage.h"
#include "host/file.h"
#include "kernel/exports/runtime.h"
#include "view/inspect.h"
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>
#include <set>
#include <sstream>

namespace app {

using namespace nt;

namespace {

const char* status_of(const exports::Row* row) {
    if (!row || row->kind == exports::Kind::internal) return "unknown";
    switch (row->status) {
    case exports::Status::full:
        return "full";
    case exports::Status::partial:
        return "partial";
    case exports::Status::stub:
        return "stub";
    }
    return "unknown";
}

const char* image_of(const exports::Row& row) {
    return row.image == exports::Image::hal ? "hal.dll" : "ntoskrnl.exe";
}

bool same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string import_status(std::string_view dll, const ldr::SymbolRef& symbol, std::string& note) {
    if (symbol.by_ordinal) return "unknown";
    const exports::Row* row = exports::find_row(std::string(symbol.name).c_str());
    if (!row || !same_name(dll, image_of(*row))) return "unknown";
    if (row->status == exports::Status::partial) note = row->note;
    return status_of(row);
}

} // namespace

void add_inspect_command(CLI::App& drvlab, int& status) {
    struct Inspect {
        Options options;
        std::string file;
        bool load = false, json = false;
    };
    auto inspect = std::make_shared<Inspect>();
    CLI::App& command = *drvlab.add_subcommand(
        "inspect", "headers, sections, mitigations, instructions and imports of an image");
    command.add_option("file", inspect->file, "X.sys")->type_name("X.sys")->required();
    command.add_flag("--load", inspect->load,
                     "also load it and show the devices, links and dispatch table it makes");
    command.add_flag("--json", inspect->json, "print JSON");
    command.add_flag("--allow-missing", inspect->options.allow_missing,
                     "with --load: bind unknown imports to stubs");
    command.callback([inspect, &status] {
        auto bytes = host::read_file(inspect->file);
        if (!bytes) {
            std::cerr << "drvlab: " << bytes.error() << "\n";
            status = exit_load_failure;
            return;
        }
        const std::string name = std::filesystem::path(inspect->file).filename().string();
        auto file = ldr::ImageFile::parse(std::move(*bytes), ldr::Use::any);
        if (!file) {
            std::cerr << "drvlab: " << name << ": " << file.error().to_string() << "\n";
            status = exit_load_failure;
            return;
        }
        view::InspectOptions options{name, import_status};
        ProgramImports imports(std::filesystem::path(inspect->file).parent_path().string());
        if (file->subsystem != IMAGE_SUBSYSTEM_NATIVE)
            options.status = [&imports](std::string_view dll, const ldr::SymbolRef& symbol,
                                        std::string& note) { return imports.status(dll, symbol, note); };
        std::cout << (inspect->json ? view::inspect_json(*file, options) : view::inspect_text(*file, options))
                  << std::flush;
        if (!inspect->load) return;
        inspect->options.drivers = {inspect->file};
        Session session{config_from(inspect->options), "", ""};
        session.output = 1;
        status = run_session(session,
                             [](Machine& m) {
                                 if (m.load_drivers()) m.describe_drivers();
                                 m.unload_drivers();
                             },
                             {});
    });
}

void add_exports_command(CLI::App& drvlab, int& status) {
    struct Exports {
        std::string image, status, against;
    };
    auto options = std::make_shared<Exports>();
    CLI::App& command =
        *drvlab.add_subcommand("exports", "what ntoskrnl.exe and hal.dll export here, and how completely");
    command.add_option("--image", options->image, "ntoskrnl.exe or hal.dll only")
        ->check(one_of({"ntoskrnl.exe", "hal.dll"}));
    command.add_option("--status", options->status, "only these")
        ->check(one_of({"full", "partial", "stub", "unknown"}));
    command
        .add_option("--against", options->against,
                    "a table 'module<TAB>symbol<TAB>count…': how much of it is covered")
        ->type_name("TSV");
    command.callback([options, &status] {
        if (options->against.empty()) {
            for (ULONG i = 0; i < exports::row_count; i++) {
                const exports::Row& row = exports::rows[i];
                if (row.kind == exports::Kind::internal) continue;
                if (!options->image.empty() && options->image != image_of(row)) continue;
                if (!options->status.empty() && options->status != status_of(&row)) continue;
                std::cout << image_of(row) << "\t" << row.name << "\t" << status_of(&row);
                if (row.status == exports::Status::partial) std::cout << "\t" << row.note;
                std::cout << "\n";
            }
            return;
        }
        const auto table = host::read_file(options->against);
        if (!table) throw CLI::ValidationError("--against", table.error());
        std::istringstream in(std::string(table->begin(), table->end()));
        std::map<std::string, std::pair<unsigned long, unsigned long>> count; // status → symbols, uses
        std::string line;
        for (unsigned number = 1; std::getline(in, line); number++) {
            if (line.empty() || line[0] == '#') continue;
            const auto tab = line.find('\t');
            const auto next = tab == std::string::npos ? tab : line.find('\t', tab + 1);
            if (tab == std::string::npos) {
                std::cerr << "drvlab: " << options->against << ":" << number << ": no tab\n";
                status = exit_usage;
                return;
            }
            const std::string module = line.substr(0, tab);
            if (module == "module" || (module != "ntoskrnl.exe" && module != "hal.dll")) continue;
            if (!options->image.empty() && module != options->image) continue;
            const std::string symbol =
                line.substr(tab + 1, next == std::string::npos ? next : next - tab - 1);
            const unsigned long uses =
                next == std::string::npos ? 1 : std::strtoul(line.c_str() + next + 1, nullptr, 10);
            const exports::Row* row = exports::find_row(symbol.c_str());
            const std::string what = row && module == image_of(*row) ? status_of(row) : "unknown";
            count[what].first++;
            count[what].second += uses;
            if (options->status == what)
                std::cout << module << "\t" << symbol << "\t" << uses << "\t" << what << "\n";
        }
        if (!options->status.empty()) return;
        unsigned long symbols = 0, uses = 0;
        for (const auto& [what, n] : count)
            symbols += n.first, uses += n.second;
        for (const char* what : {"full", "partial", "stub", "unknown"})
            std::cout << what << "\t" << count[what].first << " of " << symbols << " symbols\t"
                      << count[what].second << " of " << uses << " references\n";
    });
}

} // namespace app
