// The running machine as the debugger sees it. Only looks; the machine must be stopped (main stack).
#pragma once
#include "app/machine.h"
#include "kernel/ke/thread.h"
#include "view/target.h"

namespace app {

class Target final : public view::Machine {
  public:
    explicit Target(app::Machine& machine) : machine_(machine) {}
    bool read(view::Address from, void* to, std::size_t bytes) override;
    bool read_in(view::Address process, view::Address from, void* to, std::size_t bytes) override;
    bool read_physical(view::Address from, void* to, std::size_t bytes) override;
    std::vector<view::Module> modules() override;
    std::vector<view::Module> unloaded_modules() override;
    std::vector<view::Symbol> symbols(const view::Module& module) override;
    unsigned processors() override;
    unsigned current_processor() override;
    unsigned irql(unsigned processor) override;
    view::Address pcr(unsigned processor) override;
    view::Address current_thread() override;
    bool set_process(view::Address process) override;
    view::Address current_process() override;
    view::Registers registers() override;
    std::vector<view::Address> resources() override;
    bool owns_cancel_lock(unsigned processor) override;
    std::vector<view::Process> processes() override;
    std::vector<view::Thread> threads() override;
    std::vector<view::Address> dpcs(unsigned processor) override;
    std::vector<view::Timer> timers() override;
    std::vector<view::Address> interrupts() override;
    view::ProcessorTimes processor_times(unsigned processor) override;
    std::vector<view::ThreadTimes> thread_times() override;
    std::uint64_t interrupt_time() override;
    std::int64_t boot_time() override;
    std::optional<view::Thread> thread_at(view::Address body) override;
    std::vector<view::Frame> walk(view::Address thread, std::size_t most) override;
    std::uint64_t tick_count() override;
    std::optional<view::Object> object_at(view::Address body) override;
    std::optional<view::Object> find_object(const std::string& path) override;
    std::vector<view::DirectoryEntry> directory(view::Address body) override;
    std::vector<view::Object> objects_of_type(const std::string& type) override;
    std::vector<view::Handle> handles(view::Address process) override;
    view::Address handle_table(view::Address process) override;
    std::vector<view::FreeHandle> free_handles(view::Address process) override;
    view::ReferenceTrace reference_trace(view::Address object) override;
    std::vector<view::Address> irps() override;
    view::Range pool_range(unsigned type) override;

  private:
    std::vector<view::Frame> walk_stack(view::Address thread, std::size_t most);
    app::Machine& machine_;
};

// The innermost crossing of any thread, whether it runs or not.
const nt::seh::Record* crossings_of(const nt::ke::Thread& thread);
// Name of an address in any module, kernel or user: "null!NullRead+0x12"; hexadecimal where none is known.
std::string describe_address(app::Machine& machine, std::uint64_t address);

} // namespace app
