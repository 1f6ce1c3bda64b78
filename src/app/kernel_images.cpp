#include "app/kernel_images.h"
#include "abi/thread.h"
#include "host/guest.h"
#include "host/signals.h"
#include "kernel/exports/runtime.h"
#include "kernel/exports/spin_lock_code.h"
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

// IofCallDriver as ntoskrnl's own guest code: a filter's call to the driver below crosses nothing. Whatever
// is not the plain case (trace or verifier on, IRQL too high, no stack location left, no such major function
// or IRP_MJ_CREATE, which is also what a location says that nobody has filled) goes
// through the gate, which sees the IRP untouched. IRQL, count of disabled APCs and routine stand in its frame
// (io::ChangedLevel) meanwhile; a routine that returns with others ends in nt!IopDispatchChangedLevel.
constexpr std::uint64_t call_driver_returned = 0x91, call_driver_end = 0xd7;
ldr::SynthSymbol call_driver_symbol(const char* name, ULONG index) {
    const auto changed = static_cast<ULONG>(exports::find_row("IopDispatchChangedLevel") - exports::rows);
    ldr::SynthSymbol symbol;
    symbol.kind = ldr::SynthSymbol::Kind::code;
    symbol.name = name;
    // clang-format off
    symbol.code = {
        0x65, 0x80, 0x3c, 0x25, KPCR_SLOW_CALLS, 0, 0, 0, 0,   // 00 cmp byte ptr gs:[SLOW_CALLS], 0
        0x0f, 0x85, 0xc8, 0, 0, 0,                             // 09 jne gate
        0x65, 0x44, 0x0f, 0xb6, 0x14, 0x25, KPCR_IRQL, 0, 0, 0, // 0f movzx r10d, byte ptr gs:[IRQL]
        0x41, 0x83, 0xfa, 2,                                   // 19 cmp r10d, DISPATCH_LEVEL
        0x0f, 0x87, 0xb4, 0, 0, 0,                             // 1d ja gate
        0x80, 0x7a, 0x43, 2,                                   // 23 cmp byte ptr [rdx + CurrentLocation], 2
        0x0f, 0x88, 0xaa, 0, 0, 0,                             // 27 js gate (has_next_location)
        0x48, 0x8b, 0x82, 0xb8, 0, 0, 0,                       // 2d mov rax, [rdx + CurrentStackLocation]
        0x44, 0x0f, 0xb6, 0x40, 0xb8,                          // 34 movzx r8d, byte ptr [rax - 48h]
        0x45, 0x8d, 0x48, 0xff,                                // 39 lea r9d, [r8 - 1]
        0x41, 0x83, 0xf9, 0x1a,                                // 3d cmp r9d, IRP_MJ_MAXIMUM_FUNCTION - 1
        0x0f, 0x87, 0x90, 0, 0, 0,                             // 41 ja gate
        0x48, 0x83, 0xe8, 0x48,                                // 47 sub rax, sizeof(IO_STACK_LOCATION)
        0xfe, 0x4a, 0x43,                                      // 4b dec byte ptr [rdx + CurrentLocation]
        0x48, 0x89, 0x82, 0xb8, 0, 0, 0,                       // 4e mov [rdx + CurrentStackLocation], rax
        0x48, 0x89, 0x48, 0x28,                                // 55 mov [rax + DeviceObject], rcx
        0x48, 0x8b, 0x41, 8,                                   // 59 mov rax, [rcx + DriverObject]
        0x65, 0x48, 0xff, 0x04, 0x25, KPCR_VIRTUAL_TIME, 0, 0, 0, // 5d inc qword ptr gs:[VIRTUAL_TIME]
        0x48, 0x83, 0xec, 0x38,                                // 66 sub rsp, 38h
        0x65, 0x4c, 0x8b, 0x0c, 0x25, 0x88, 1, 0, 0,           // 6a mov r9, gs:[CurrentThread]
        0x45, 0x8b, 0x89, 0xe4, 1, 0, 0,                       // 73 mov r9d, [r9 + CombinedApcDisable]
        0x44, 0x89, 0x54, 0x24, 0x20,                          // 7a mov [rsp + 20h], r10d
        0x44, 0x89, 0x4c, 0x24, 0x24,                          // 7f mov [rsp + 24h], r9d
        0x4e, 0x8b, 0x4c, 0xc0, 0x70,                          // 84 mov r9, [rax + r8*8 + MajorFunction]
        0x4c, 0x89, 0x4c, 0x24, 0x28,                          // 89 mov [rsp + 28h], r9
        0x41, 0xff, 0xd1,                                      // 8e call r9
        0x65, 0x0f, 0xb6, 0x0c, 0x25, KPCR_IRQL, 0, 0, 0,      // 91 movzx ecx, byte ptr gs:[IRQL]
        0x65, 0x48, 0x8b, 0x14, 0x25, 0x88, 1, 0, 0,           // 9a mov rdx, gs:[CurrentThread]
        0x9c,                                                  // a3 pushfq
        0x41, 0x58,                                            // a4 pop r8
        0x3b, 0x4c, 0x24, 0x20,                                // a6 cmp ecx, [rsp + 20h]
        0x75, 0x1a,                                            // aa jne changed
        0x8b, 0x92, 0xe4, 1, 0, 0,                             // ac mov edx, [rdx + CombinedApcDisable]
        0x3b, 0x54, 0x24, 0x24,                                // b2 cmp edx, [rsp + 24h]
        0x75, 0x0e,                                            // b6 jne changed
        0x41, 0xf7, 0xc0, 0x00, 0x04, 0x04, 0,                 // b8 test r8d, STATE_FLAGS
        0x75, 0x05,                                            // bf jne changed
        0x48, 0x83, 0xc4, 0x38,                                // c1 add rsp, 38h
        0xc3,                                                  // c5 ret
        0x48, 0x8d, 0x4c, 0x24, 0x20,                          // c6 changed: lea rcx, [rsp + 20h]
        0xb8, UCHAR(changed), UCHAR(changed >> 8), UCHAR(changed >> 16), 0, // cb mov eax, index
        0xff, 0x15, 0, 0, 0, 0,                                // d0 call [gateway.gate], which looks at the flags
        0xcc,                                                  // d6 int3
        0xb8, UCHAR(index), UCHAR(index >> 8), UCHAR(index >> 16), 0, // d7 gate: mov eax, index
        0xff, 0x25, 0, 0, 0, 0,                                // dc jmp [gateway.gate]
    };
    // clang-format on
    static_assert(offsetof(KTHREAD, CombinedApcDisable) == 0x1e4 && STATE_FLAGS == 0x40400);
    symbol.fixups = {{0xd2, slot(offsetof(seh::Gateway, gate))}, {0xde, slot(offsetof(seh::Gateway, gate))}};
    // Version 1, prologue of 6ah bytes, one code: UWOP_ALLOC_SMALL of 38h, done at 6ah.
    symbol.unwind = {0x01, 0x6a, 0x01, 0x00, 0x6a, 0x62, 0x00, 0x00};
    return symbol;
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
        if (std::strcmp(row.name, "IofCallDriver") == 0 || std::strcmp(row.name, "IoCallDriver") == 0)
            symbol = call_driver_symbol(row.name, i);
        else if (auto code = exports::spin_lock_code(row.name, i); !code.empty()) {
            symbol.kind = ldr::SynthSymbol::Kind::code;
            symbol.fixups = {{static_cast<ULONG>(code.size() - exports::slot_from_end), request.gate_slot}};
            symbol.code = std::move(code);
        } else if (row.kind == exports::Kind::data) {
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

ULONG index_of(std::string_view name) {
    ULONG i = 0;
    while (name != exports::rows[i].name)
        i++;
    return i;
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
    // Where threads begin and what interrupts them, in stacks; our own code does their work.
    for (const char* name : {"PspSystemThreadStartup", "KiStartSystemThread", "KiIdleLoop", "KiDeliverApc",
                             "KiRetireDpcList", "KiInterruptDispatch"}) {
        ldr::SynthSymbol start;
        start.kind = ldr::SynthSymbol::Kind::code;
        start.name = name;
        start.exported = false;
        start.code = {0xcc};
        nt.symbols.push_back(std::move(start));
    }
    nt.symbols.push_back(ldr::guard_check_symbol());
    nt.symbols.push_back(ldr::guard_dispatch_symbol());
    const ldr::Module& kernel = load(std::move(nt), "nt", "\\SystemRoot\\system32\\ntoskrnl.exe");
    auto hal = request_for(exports::Image::hal, "hal.dll");
    for (const char* const* name = exports::also_hal; *name; name++) {
        ldr::SynthSymbol symbol;
        symbol.name = *name;
        symbol.index = index_of(*name);
        hal.symbols.push_back(std::move(symbol));
    }
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

std::uint64_t routine_that_returned(std::uint64_t rip, std::uint64_t rsp) {
    static const std::uint64_t code[] = {kernel_symbol("IofCallDriver"), kernel_symbol("IoCallDriver")};
    for (const std::uint64_t start : code) {
        const std::uint64_t offset = rip - start;
        std::uint64_t routine = 0;
        if (offset >= call_driver_returned && offset < call_driver_end && guest::read(rsp + 0x28, routine))
            return routine;
    }
    return 0;
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
