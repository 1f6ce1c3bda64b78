#include "app/kernel_images.h"
#include "host/signals.h"
#include "kernel/exports/runtime.h"
#include "kernel/ldr/mm_memory.h"
#include "kernel/ldr/synth.h"
#include "kernel/mm/kernel_memory.h"
#include <cstring>

namespace app {

using namespace nt;

namespace {

ldr::ModuleList* kernel_modules = nullptr;

std::uint64_t slot(std::size_t offset) { return host::places::gateway + offset; }

std::vector<std::uint8_t> from_hex(const char* digits) {
    std::vector<std::uint8_t> bytes;
    for (; digits[0] && digits[1]; digits += 2) {
        const char pair[3] = {digits[0], digits[1], 0};
        bytes.push_back(static_cast<std::uint8_t>(std::strtoul(pair, nullptr, 16)));
    }
    return bytes;
}

ldr::SynthRequest request_for(exports::Image image, const char* file_name) {
    ldr::SynthRequest request;
    request.file_name = file_name;
    request.gate_slot = slot(offsetof(seh::Gateway, gate));
    for (ULONG i = 0; i < exports::row_count; i++) {
        const exports::Row& row = exports::rows[i];
        if (row.image != image) continue;
        ldr::SynthSymbol symbol;
        symbol.name = row.name;
        symbol.index = i;
        symbol.exported = row.kind != exports::Kind::internal;
        if (row.kind == exports::Kind::data) {
            symbol.kind = ldr::SynthSymbol::Kind::data;
            symbol.size = row.data_size ? row.data_size : 8;
        } else if (row.kind == exports::Kind::code) {
            symbol.kind = ldr::SynthSymbol::Kind::code;
            symbol.code = from_hex(row.code);
        }
        request.symbols.push_back(std::move(symbol));
    }
    return request;
}

ldr::Module& load(ldr::SynthRequest request, const char* name, const char* path) {
    const ldr::SynthImage image = ldr::synthesise(request);
    auto file = ldr::ImageFile::parse(image.bytes, ldr::Use::any);
    if (!file) host::fatal("%s: %s", request.file_name.c_str(), file.error().to_string().c_str());
    ldr::KernelImageMemory memory;
    ldr::LoadOptions options;
    options.name = name;
    options.file_name = request.file_name;
    options.path = path;
    options.wished_base = request.base;
    options.bind = false;
    options.rewrite = false;
    auto loaded =
        ldr::load_image(std::make_shared<const ldr::ImageFile>(std::move(*file)), memory, nullptr, options);
    if (!loaded) host::fatal("%s: %s", request.file_name.c_str(), loaded.error().text.c_str());
    loaded->module->internal_names = image.internal_names();
    return kernel_modules->add(std::move(loaded->module));
}

} // namespace

void load_kernel_images(ldr::ModuleList& modules) {
    kernel_modules = &modules;
    const seh::Gateway gateway = seh::gateway_addresses();
    std::memcpy(mm::gateway_page(), &gateway, sizeof gateway);
    mm::protect_kernel(host::places::gateway, mm::page_size, host::ram::Protection::read);

    auto nt = request_for(exports::Image::ntoskrnl, "ntoskrnl.exe");
    nt.base = host::places::images;
    nt.symbols.push_back(
        ldr::trampoline_symbol("KiCallDriver", slot(offsetof(seh::Gateway, call_out_return))));
    nt.symbols.push_back(ldr::guard_check_symbol());
    nt.symbols.push_back(ldr::guard_dispatch_symbol());
    const ldr::Module& kernel = load(std::move(nt), "nt", "\\SystemRoot\\system32\\ntoskrnl.exe");
    auto hal = request_for(exports::Image::hal, "hal.dll");
    hal.base = (kernel.base + kernel.extent + 0xffff) & ~0xffffull;
    load(std::move(hal), "hal", "\\SystemRoot\\system32\\hal.dll");

    const std::uint64_t trampoline = kernel_symbol("KiCallDriver");
    seh::nt_trampoline = {trampoline, trampoline + ldr::trampoline_return_offset};
}

std::uint64_t kernel_symbol(const char* name) {
    const std::uint64_t address = kernel_modules->symbol_address("nt", name);
    if (!address) host::fatal("ntoskrnl has no %s", name);
    return address;
}

// Each stub is `lea rcx, [text]; jmp [nt!DrvlabMissingImport]` in a page of its own kind, the text behind it.
std::uint64_t missing_import_stub(std::string_view dll, std::string_view symbol) {
    static std::uint64_t at = 0, end = 0;
    constexpr std::uint64_t code_size = 24, area_size = 0x10000;
    const std::string text = std::string(dll) + "!" + std::string(symbol);
    const std::uint64_t need = (code_size + text.size() + 1 + 15) & ~15ull;
    if (at + need > end) {
        auto area = mm::allocate_image(area_size);
        if (!area || need > area_size) return 0;
        at = *area;
        end = at + area_size;
    } else
        mm::protect_kernel(at & ~0xfffull, end - (at & ~0xfffull), host::ram::Protection::read_write);
    auto* code = reinterpret_cast<std::uint8_t*>(at);
    const std::uint8_t head[] = {0x48, 0x8d, 0x0d};
    std::memcpy(code, head, 3);
    const std::int32_t to_text = code_size - 7;
    std::memcpy(code + 3, &to_text, 4);
    const std::uint8_t jump[] = {0xff, 0x25, 0, 0, 0, 0};
    std::memcpy(code + 7, jump, 6);
    const std::uint64_t target = kernel_symbol("DrvlabMissingImport");
    std::memcpy(code + 13, &target, 8);
    std::memcpy(code + code_size, text.c_str(), text.size() + 1);
    const std::uint64_t stub = at;
    at += need;
    mm::protect_kernel(stub & ~0xfffull, end - (stub & ~0xfffull), host::ram::Protection::read_execute);
    return stub;
}

} // namespace app
