#include "trace/detail/text_rows.h"
#include "trace/irp_text.h"
#include <functional>

namespace trace {

// Access to the formatter for the wording functions: they get one of these per row.
struct TextRows {
    TextFormatter& formatter;
    const Record& r;
    const Names& names = formatter.names_;

    std::vector<TextFormatter::Call>& calls() {
        return formatter.calls_[std::uint64_t{r.head.pid} << 32 | r.head.tid];
    }
    unsigned open_calls() { return static_cast<unsigned>(calls().size()); }
    TextFormatter::Call call() const {
        const char kind = r.event->name[0];
        switch (kind) {
        case 's':
        case 'z':
            return {kind, n("number")};
        case 'i':
            return {kind, n("irp") << 8 | n("level")};
        default:
            return {kind, 0};
        }
    }
    void enter() { calls().push_back(call()); }
    // A raise may have abandoned calls within this one: they end here, too.
    void leave() {
        auto& open = calls();
        for (std::size_t i = open.size(); i-- > 0;) {
            if (open[i] != call()) continue;
            open.resize(i);
            return;
        }
    }

    std::uint64_t n(std::string_view field) const { return r.number(field); }
    std::string s(std::string_view field) const { return r.text(field); }
    std::string x(std::string_view field) const { return hex_text(r.number(field)); }
    std::string d(std::string_view field) const { return std::to_string(r.number(field)); }
    std::string symbol(std::string_view field) const { return names.symbol(n(field)); }
    std::string status(std::string_view field) const {
        return status_text(static_cast<std::uint32_t>(n(field)));
    }
    std::string device(std::string_view field = "device") const { return names.device(n(field)); }
    // An unnamed one has the word already.
    std::string the_device(std::string_view field = "device") const {
        std::string name = device(field);
        return name.starts_with("device ") ? name : "device " + name;
    }
    std::string driver(std::string_view field = "driver") const { return names.driver(n(field)); }
    std::string irp() const { return "IRP " + x("irp"); }
    // " from null+0x1040", "" for no address
    std::string from(std::string_view field) const {
        return n(field) ? " from " + symbol(field) : std::string();
    }
    std::string arguments() const {
        std::string out;
        for (const std::uint64_t value : r.array("args"))
            out += (out.empty() ? "" : ", ") + hex_text(value);
        return "(" + out + ")";
    }
    std::string quoted(std::string_view field) const { return "\"" + s(field) + "\""; }
    std::string level() const { return d("level"); }

    TextFormatter::Irp* living() {
        const auto found = formatter.irps_.find(n("irp"));
        return found == formatter.irps_.end() ? nullptr : &found->second;
    }
    void born() {
        formatter.irps_[n("irp")] = {static_cast<unsigned>(n("stack_count")), open_calls(),
                                     static_cast<unsigned>(n("major"))};
    }
    void learn() { formatter.names_.learn(r); }
    void gone() { formatter.irps_.erase(n("irp")); }
    unsigned irp_depth() const { return formatter.irp_depth(r); }

    std::string parameters() const {
        const auto narrow = [&](std::string_view field) { return static_cast<unsigned>(n(field)); };
        return irp_parameters_text(
            {narrow("major"), narrow("minor"), narrow("flags"), {n("p1"), n("p2"), n("p3"), n("p4")}});
    }
};

namespace {

using Wording = std::string (*)(TextRows&);

// Where a row stands relative to the others.
enum class Place { thread, enter, leave, irp, irp_enter, irp_leave };

struct Row {
    std::string_view event;
    Place place;
    Wording wording;
};

// A program's exit code: a number, unless the system ended it.
std::string exit_text(TextRows& t) {
    return t.n("status") >> 30 == 3 ? t.status("status") : "exit code " + t.d("status");
}

std::string waits_for(TextRows& t) {
    std::string out = "waits for ";
    const auto objects = t.r.array("objects");
    if (objects.empty()) out += "nothing";
    for (std::size_t i = 0; i < objects.size(); ++i)
        out += (i ? t.n("all") ? " and " : " or " : "") + hex_text(objects[i]);
    const auto timeout = static_cast<std::int64_t>(t.n("timeout"));
    if (t.n("timed")) {
        char text[64];
        std::snprintf(text, sizeof text, "%.4f ms",
                      static_cast<double>(timeout < 0 ? -timeout : timeout) / 10000);
        out += timeout < 0 ? ", at most " : ", until ";
        out += text;
    }
    return out;
}

std::string buffer(TextRows& t) {
    static constexpr std::string_view methods[] = {"buffered", "in direct", "out direct", "neither"};
    std::string out = "buffers: " + std::string(methods[t.n("method") & 3]);
    if (t.n("system_buffer")) out += ", system buffer " + t.x("system_buffer");
    if (t.n("mdl")) out += ", MDL " + t.x("mdl");
    if (t.n("user_buffer")) out += ", user buffer " + t.x("user_buffer");
    return out + ", in " + t.d("in_length") + ", out " + t.d("out_length");
}

std::string dispatch(TextRows& t) {
    const auto major = static_cast<unsigned>(t.n("major"));
    std::string out = t.level() + " -> " + t.driver() + " " + irp_major_name(major);
    if (const auto minor = irp_minor_name(major, static_cast<unsigned>(t.n("minor"))); !minor.empty())
        out += " " + minor;
    out += ", " + t.device();
    if (const auto parameters = t.parameters(); !parameters.empty()) out += ", " + parameters;
    return out;
}

std::string completion(TextRows& t) {
    std::string out = t.level() + " completion routine " + t.symbol("routine") + " of ";
    out += t.n("device") ? t.device() : "the sender";
    return out + ": " + t.status("status") + (t.n("control") & 1 ? ", was pending" : "");
}

std::string completion_answer(TextRows& t) {
    constexpr std::uint32_t more_processing_required = 0xc0000016;
    return t.level() + " it answers " +
           (t.n("status") == more_processing_required
                ? "STATUS_MORE_PROCESSING_REQUIRED: the IRP is its own again"
                : t.status("status") + ": completion goes on");
}

std::string created(TextRows& t) {
    std::string out = t.irp() + " created: " + irp_major_name(static_cast<unsigned>(t.n("major"))) + ", " +
                      t.d("stack_count") +
                      (t.n("stack_count") == 1 ? " stack location" : " stack locations") + ", " +
                      (t.n("requestor") ? "user" : "kernel") + " mode";
    if (const auto file = t.names.file(t.n("file")); !file.empty())
        out += ", file " + file;
    else if (t.n("file"))
        out += ", file " + t.x("file");
    t.born();
    return out;
}

// Virtual time as the heading column shows it.
std::string time_text(std::uint64_t units) {
    char text[40];
    std::snprintf(text, sizeof text, "%.4f ms", static_cast<double>(units) / 10000);
    return text;
}

std::string debug_print(TextRows& t) {
    std::string text = t.s("text");
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
        text.pop_back();
    return "DbgPrint: " + text;
}

std::string digits(std::uint64_t value, unsigned bytes) {
    char text[24];
    std::snprintf(text, sizeof text, "0x%0*llx", static_cast<int>(2 * bytes),
                  static_cast<unsigned long long>(value));
    return text;
}

// "port 0x378 (parport)", "register 0xe0000010 (disk+0x10)": who answers, if anybody does.
std::string port(TextRows& t) {
    return "port " + t.x("port") + " (" + (t.s("model").empty() ? "nobody" : t.s("model")) + ")";
}
std::string device_register(TextRows& t) {
    const std::string device = t.s("model");
    return "register " + t.x("physical") + " (" + (device.empty() ? "nobody" : device + "+" + t.x("offset")) +
           ")";
}
std::string accessed(TextRows& t, const std::string& what, bool write) {
    const auto bytes = static_cast<unsigned>(t.n("size"));
    return what + (write ? " <- " : " -> ") + digits(t.n("value"), bytes) + t.from("caller");
}
std::string configuration(TextRows& t) {
    char where[16];
    std::snprintf(where, sizeof where, "00:%02x.%u", static_cast<unsigned>(t.n("device_number")),
                  static_cast<unsigned>(t.n("function_number")));
    return std::string("PCI ") + where + " (" + (t.s("model").empty() ? "nobody" : t.s("model")) +
           ") configuration " + t.x("offset");
}

const Row rows[] = {
    {"machine_start", Place::thread,
     [](TextRows& t) {
         return "machine starts: " + t.s("version") + ", seed " + t.d("seed") + ", " + t.d("processors") +
                (t.n("processors") == 1 ? " processor" : " processors");
     }},
    {"name", Place::thread, [](TextRows&) { return std::string(); }},
    {"symbol", Place::thread, [](TextRows&) { return std::string(); }},
    {"machine_end", Place::thread,
     [](TextRows& t) {
         return "machine ends: exit code " + t.x("exit_code") +
                (t.s("reason").empty() ? "" : ", " + t.s("reason"));
     }},
    {"report", Place::thread,
     [](TextRows& t) { return "REPORT " + t.s("rule") + ": " + t.s("text") + t.from("caller"); }},
    {"stub_called", Place::thread,
     [](TextRows& t) { return "STUB " + t.s("name") + " is not implemented; called" + t.from("caller"); }},
    {"bug_check", Place::thread,
     [](TextRows& t) {
         return "BUG CHECK " + t.x("code") + " (" + t.x("p1") + ", " + t.x("p2") + ", " + t.x("p3") + ", " +
                t.x("p4") + ")" + t.from("caller");
     }},

    {"process_created", Place::thread,
     [](TextRows& t) {
         return "process " + t.d("new_pid") + " created: " + t.s("image") + ", by " + t.d("parent_pid");
     }},
    {"process_exited", Place::thread,
     [](TextRows& t) { return "process " + t.d("old_pid") + " ends: " + exit_text(t); }},
    {"thread_created", Place::thread,
     [](TextRows& t) {
         return "thread " + t.d("owner_pid") + "." + t.d("new_tid") + " created, starts at " +
                t.symbol("start");
     }},
    {"thread_exited", Place::thread, [](TextRows& t) { return "thread ends: " + t.status("status"); }},
    {"thread_switch", Place::thread,
     [](TextRows& t) { return "switch to thread " + t.d("new_pid") + "." + t.d("new_tid"); }},
    {"wait_begin", Place::thread, waits_for},
    {"lock_contended", Place::thread,
     [](TextRows& t) {
         return std::string("must wait for the ") + lock_kind_name(static_cast<unsigned>(t.n("kind"))) + " " +
                t.x("lock") + (t.n("holder") ? ", held by thread " + t.x("holder") : "");
     }},
    {"wait_satisfied", Place::thread, [](TextRows& t) { return "wait over: " + t.status("status"); }},
    {"module_loaded", Place::thread,
     [](TextRows& t) {
         return "image " + t.s("name") + " at " + t.x("base") + ", " + t.x("size") + " bytes";
     }},
    {"module_unloaded", Place::thread,
     [](TextRows& t) { return "image " + t.s("name") + " unmapped from " + t.x("base"); }},

    {"api_call", Place::enter,
     [](TextRows& t) {
         return t.s("name") + t.arguments() + (t.s("text").empty() ? "" : " " + t.quoted("text"));
     }},
    {"api_return", Place::leave,
     [](TextRows& t) {
         return t.s("name") + " = " + t.x("result") + (t.n("error") ? ", last error " + t.d("error") : "");
     }},
    {"syscall_enter", Place::enter,
     [](TextRows& t) { return t.names.call(0, static_cast<std::uint32_t>(t.n("number"))) + t.arguments(); }},
    {"syscall_exit", Place::leave,
     [](TextRows& t) {
         return t.names.call(0, static_cast<std::uint32_t>(t.n("number"))) + " = " + t.status("status");
     }},
    {"zw_enter", Place::enter,
     [](TextRows& t) {
         std::string name = t.names.call(0, static_cast<std::uint32_t>(t.n("number")));
         if (name.starts_with("Nt")) name.replace(0, 2, "Zw");
         return name + t.arguments() + t.from("caller");
     }},
    {"zw_exit", Place::leave,
     [](TextRows& t) {
         std::string name = t.names.call(0, static_cast<std::uint32_t>(t.n("number")));
         if (name.starts_with("Nt")) name.replace(0, 2, "Zw");
         return name + " = " + t.status("status");
     }},
    {"gate", Place::thread,
     [](TextRows& t) {
         return t.names.call(1, static_cast<std::uint32_t>(t.n("id"))) + " called" + t.from("caller");
     }},
    {"raw_syscall", Place::thread,
     [](TextRows& t) {
         return "syscall instruction, number " + t.x("number") + t.from("caller") +
                (t.n("kernel") ? " in kernel mode" : "");
     }},
    {"irql_changed", Place::thread,
     [](TextRows& t) { return "IRQL " + t.d("from") + " -> " + t.d("to") + t.from("caller"); }},

    {"irp_created", Place::thread, created},
    {"irp_buffer", Place::irp, buffer},
    {"irp_dispatch", Place::irp_enter, dispatch},
    {"irp_returned", Place::irp_leave,
     [](TextRows& t) { return t.level() + " <- " + t.driver() + " returns " + t.status("status"); }},
    {"irp_pending", Place::irp, [](TextRows& t) { return t.level() + " marked pending"; }},
    {"irp_complete", Place::irp,
     [](TextRows& t) {
         return t.level() + " completed: " + t.status("status") + ", information " + t.x("information") +
                t.from("caller");
     }},
    {"completion_called", Place::irp, completion},
    {"completion_returned", Place::irp, completion_answer},
    {"irp_finished", Place::irp,
     [](TextRows& t) {
         return t.irp() + " finished: " + t.status("status") + ", information " + t.x("information");
     }},
    {"irp_freed", Place::irp, [](TextRows& t) { return t.irp() + " freed"; }},
    {"hard_error", Place::thread, [](TextRows& t) { return "dialog box: " + t.s("text"); }},
    {"activity_transferred", Place::thread,
     [](TextRows& t) { return "activity " + t.s("from") + " goes on as " + t.s("to"); }},
    {"error_logged", Place::thread, [](TextRows& t) { return "System log: " + t.s("text"); }},
    {"irp_cancel", Place::irp,
     [](TextRows& t) {
         return t.irp() + " cancelled" + (t.n("routine") ? ": cancel routine " + t.symbol("routine") : "");
     }},
    {"cancel_routine_called", Place::irp,
     [](TextRows& t) {
         return t.level() + " cancel routine " + t.symbol("routine") + " of " + t.device() + " is called";
     }},
    {"cancel_routine_returned", Place::irp,
     [](TextRows& t) { return t.level() + " cancel routine " + t.symbol("routine") + " returned"; }},
    {"completion_queued", Place::thread,
     [](TextRows& t) {
         return "completion port " + t.x("port") + ": packet" +
                (t.n("irp") ? " of " + t.irp() : std::string(" posted")) + ", key " + t.x("key") +
                ", context " + t.x("context") + ", " + t.status("status") + ", information " +
                t.x("information");
     }},
    {"completion_removed", Place::thread,
     [](TextRows& t) {
         return "completion port " + t.x("port") + ": packet taken, key " + t.x("key") + ", context " +
                t.x("context") + ", " + t.status("status") + ", information " + t.x("information");
     }},
    {"io_apc_queued", Place::thread,
     [](TextRows& t) {
         return t.irp() + ": APC " + t.symbol("routine") + " queued to thread " + t.x("thread");
     }},
    {"fast_io", Place::thread,
     [](TextRows& t) {
         return "fast I/O " + t.s("name") + " of " + t.driver() + ": " +
                (t.n("handled") ? t.status("status") : "declined");
     }},

    {"object_created", Place::thread,
     [](TextRows& t) {
         return t.s("type") + " object " + t.x("object") + " created" +
                (t.s("name").empty() ? "" : ": " + t.s("name"));
     }},
    {"handle_created", Place::thread,
     [](TextRows& t) {
         return "handle " + t.x("handle") + " to " + t.s("type") +
                (t.s("name").empty() ? " " + t.x("object") : " " + t.s("name")) + ", access " + t.x("access");
     }},
    {"handle_closed", Place::thread, [](TextRows& t) { return "handle " + t.x("handle") + " closed"; }},
    {"object_deleted", Place::thread,
     [](TextRows& t) {
         return t.s("type") + " object " + t.x("object") + " deleted" +
                (t.s("name").empty() ? "" : ": " + t.s("name"));
     }},
    {"symlink_created", Place::thread,
     [](TextRows& t) { return "symbolic link " + t.s("name") + " -> " + t.s("target"); }},
    {"symlink_deleted", Place::thread,
     [](TextRows& t) { return "symbolic link " + t.s("name") + " deleted"; }},
    {"handle_watched", Place::thread,
     [](TextRows& t) {
         return "handle callback " + t.symbol("routine") + ": " +
                (t.n("operation") == 2 ? "duplicate" : "create") + " handle to " + t.x("object") +
                ", access " + t.x("desired") +
                (t.n("left") == t.n("desired") ? "" : " cut to " + t.x("left"));
     }},
    {"object_referenced", Place::thread,
     [](TextRows& t) {
         std::string tag;
         for (int i = 0; i < 4; ++i) {
             const char c = static_cast<char>(t.n("tag") >> (8 * i));
             tag += c >= ' ' && c < 0x7f ? c : '.';
         }
         return std::string(t.n("change") ? "-1 " : "+1 ") + tag + " reference to " + t.x("object") +
                t.from("caller");
     }},
    {"access_denied", Place::thread,
     [](TextRows& t) {
         return "access " + t.x("desired") + " to " + t.s("type") +
                (t.s("name").empty() ? " " + t.x("object") : " " + t.s("name")) + " denied to " +
                t.s("user") + " (" + t.x("allowed") + " allowed): " + t.status("status");
     }},
    {"file_opened", Place::thread,
     [](TextRows& t) { return "file object " + t.x("file") + " for " + t.s("name"); }},

    {"driver_loaded", Place::thread,
     [](TextRows& t) { return "driver object " + t.s("name") + ", image at " + t.x("base"); }},
    {"driver_entry", Place::enter,
     [](TextRows& t) { return "DriverEntry of " + t.driver() + " at " + t.symbol("routine"); }},
    {"driver_entry_returned", Place::leave,
     [](TextRows& t) { return "DriverEntry of " + t.driver() + " = " + t.status("status"); }},
    {"driver_unload", Place::thread,
     [](TextRows& t) { return "DriverUnload of " + t.driver() + " at " + t.symbol("routine"); }},
    {"driver_unloaded", Place::thread, [](TextRows& t) { return t.driver() + " is gone"; }},
    {"service_load", Place::thread, [](TextRows& t) { return "load the driver of " + t.s("key"); }},
    {"service_loaded", Place::thread,
     [](TextRows& t) { return "driver of " + t.s("key") + " loaded: " + t.status("status"); }},
    {"service_unload", Place::thread, [](TextRows& t) { return "unload the driver of " + t.s("key"); }},
    {"service_unloaded", Place::thread,
     [](TextRows& t) { return "driver of " + t.s("key") + " unloaded: " + t.status("status"); }},
    {"device_created", Place::thread,
     [](TextRows& t) {
         return t.the_device() + " created by " + t.driver() + ", type " + t.x("type");
     }},
    {"device_deleted", Place::thread, [](TextRows& t) { return t.the_device() + " deleted"; }},
    {"device_attached", Place::thread,
     [](TextRows& t) { return t.the_device("upper") + " attached above " + t.device("lower"); }},
    {"device_detached", Place::thread,
     [](TextRows& t) { return t.the_device("upper") + " detached from " + t.device("lower"); }},
    {"device_detected", Place::thread,
     [](TextRows& t) {
         return t.the_device("pdo") + " detected by " + t.driver("driver") + ": " + t.d("lines") +
                " interrupt lines, " + t.d("messages") + " messages";
     }},
    {"debug_print", Place::thread, debug_print},

    {"work_item_queued", Place::thread,
     [](TextRows& t) {
         return "work item " + t.x("item") + " queued: " + t.symbol("routine") + "(" + t.x("parameter") +
                "), priority " + t.d("priority");
     }},
    {"work_item_started", Place::enter,
     [](TextRows& t) {
         return "work item " + t.x("item") + ": " + t.symbol("routine") + "(" + t.x("parameter") + ")";
     }},
    {"work_item_finished", Place::leave, [](TextRows& t) { return "work item " + t.x("item") + " is done"; }},
    {"callback_notified", Place::thread,
     [](TextRows& t) {
         return "callback object " + t.x("callback") + " calls " + t.symbol("routine") + "(" +
                t.x("argument1") + ", " + t.x("argument2") + ")";
     }},
    {"device_queue_insert", Place::thread,
     [](TextRows& t) {
         return "device queue " + t.x("queue") +
                (t.n("inserted")
                     ? ": entry " + t.x("entry") + " waits" + (t.n("by_key") ? ", key " + t.x("key") : "")
                     : " was idle and is busy now");
     }},
    {"device_queue_remove", Place::thread,
     [](TextRows& t) {
         return "device queue " + t.x("queue") +
                (t.n("entry") ? ": entry " + t.x("entry") + " is next" : " is idle");
     }},
    {"start_io", Place::thread,
     [](TextRows& t) { return t.irp() + " to StartIo " + t.symbol("routine") + " of " + t.device(); }},

    {"dma_map", Place::thread,
     [](TextRows& t) {
         return "DMA " + std::string(t.n("write") ? "from " : "to ") + t.x("va") + ", " + t.x("length") +
                " bytes: device address " + t.x("logical") +
                (t.n("bounced") ? ", through map registers" : "");
     }},
    {"dma_flush", Place::thread,
     [](TextRows& t) {
         return "DMA " + std::string(t.n("write") ? "from " : "to ") + t.x("va") + ", " + t.x("length") +
                " bytes, is over" + (t.n("bounced") ? ": map registers emptied" : "");
     }},

    {"exception", Place::thread,
     [](TextRows& t) {
         return "exception " + t.status("code") + " at " + t.symbol("address") +
                (t.n("user") ? " (user mode)" : "") + ", information " + t.x("p1") + " " + t.x("p2");
     }},
    {"exception_handled", Place::thread,
     [](TextRows& t) {
         return "exception " + t.status("code") + " handled; goes on at " + t.symbol("target");
     }},
    {"exception_unhandled", Place::thread,
     [](TextRows& t) {
         return "exception " + t.status("code") + " at " + t.symbol("address") + " not handled";
     }},

    {"timer_set", Place::thread,
     [](TextRows& t) {
         return "timer " + t.x("timer") + " set for " + time_text(t.n("due")) +
                (t.n("period") ? ", every " + t.d("period") + " ms" : "") +
                (t.n("dpc") ? ", DPC " + t.x("dpc") : "");
     }},
    {"timer_cancelled", Place::thread, [](TextRows& t) { return "timer " + t.x("timer") + " cancelled"; }},
    {"timer_expired", Place::thread, [](TextRows& t) { return "timer " + t.x("timer") + " expires"; }},
    {"dpc_queued", Place::thread,
     [](TextRows& t) {
         static constexpr std::string_view importance[] = {", low importance", "", ", high importance",
                                                           ", medium-high importance"};
         return "DPC " + t.x("dpc") + " queued to processor " + t.d("processor") +
                std::string(importance[t.n("importance") & 3]) + ": " + t.symbol("routine");
     }},
    {"dpc_called", Place::enter, [](TextRows& t) { return "DPC routine " + t.symbol("routine"); }},
    {"dpc_returned", Place::leave, [](TextRows&) { return std::string("DPC routine returns"); }},
    {"interrupt", Place::thread,
     [](TextRows& t) {
         const std::string head =
             "interrupt, vector " + t.x("vector") + ", at IRQL " + t.d("interrupted_irql");
         return t.n("interrupted")
                    ? head + ": " + t.symbol("interrupted") + " stops, its state stays on its stack"
                    : head + ": the processor idles";
     }},
    {"interrupt_over", Place::thread,
     [](TextRows& t) {
         return "interrupt over; the thread's quantum is where it was, " + time_text(t.n("quantum")) +
                " used";
     }},
    {"interrupt_connected", Place::thread,
     [](TextRows& t) {
         return "interrupt " + t.x("interrupt") + " connected to vector " + t.x("vector") + ": " +
                t.symbol("routine") + " at IRQL " + t.d("irql") + " on processor " + t.d("processor");
     }},
    {"interrupt_disconnected", Place::thread,
     [](TextRows& t) {
         return "interrupt " + t.x("interrupt") + " disconnected from vector " + t.x("vector");
     }},
    {"isr_called", Place::thread, [](TextRows& t) { return "service routine " + t.symbol("routine"); }},
    {"isr_returned", Place::thread,
     [](TextRows& t) {
         return std::string("service routine returns ") +
                (t.n("claimed") ? "TRUE: its device" : "FALSE: not its device");
     }},
    {"apc_delivered", Place::thread,
     [](TextRows& t) {
         return std::string(t.n("mode") ? "user" : "kernel") + " APC " + t.x("apc") + ": " +
                t.symbol(t.n("kernel_routine") ? "kernel_routine" : "normal_routine");
     }},
    {"thread_ready", Place::thread,
     [](TextRows& t) {
         return "thread " + t.d("ready_pid") + "." + t.d("ready_tid") + " is ready, priority " +
                t.d("priority");
     }},
    {"quantum_end", Place::thread, [](TextRows& t) { return "quantum ends, priority " + t.d("priority"); }},
    {"thread_preempted", Place::thread,
     [](TextRows& t) { return "preempted by thread " + t.d("by_pid") + "." + t.d("by_tid"); }},
    {"spin_interrupted", Place::thread,
     [](TextRows& t) {
         return "the watchdog interrupts a spin at " + t.symbol("address") + ": not repeatable from here on";
     }},
    {"polls", Place::thread,
     [](TextRows& t) {
         return "polls " + (t.n("memory") ? t.x("memory") : std::string("nothing")) + " at " +
                t.symbol("address");
     }},
    {"priority_changed", Place::thread,
     [](TextRows& t) {
         return "priority of thread object " + t.x("thread") + ": " + t.d("from") + " -> " + t.d("to");
     }},

    {"pool_allocated", Place::thread,
     [](TextRows& t) {
         return "pool " + t.x("address") + " allocated, " + t.x("size") + " bytes" + t.from("caller");
     }},
    {"pool_freed", Place::thread,
     [](TextRows& t) { return "pool " + t.x("address") + " freed" + t.from("caller"); }},

    {"port_read", Place::thread, [](TextRows& t) { return accessed(t, port(t), false); }},
    {"port_write", Place::thread, [](TextRows& t) { return accessed(t, port(t), true); }},
    {"register_read", Place::thread, [](TextRows& t) { return accessed(t, device_register(t), false); }},
    {"register_write", Place::thread, [](TextRows& t) { return accessed(t, device_register(t), true); }},
    {"config_read", Place::thread, [](TextRows& t) { return accessed(t, configuration(t), false); }},
    {"config_write", Place::thread, [](TextRows& t) { return accessed(t, configuration(t), true); }},
    {"interrupt_line", Place::thread,
     [](TextRows& t) {
         return "interrupt line " + t.d("line") + (t.n("asserted") ? " asserted by " : " released by ") +
                t.s("model");
     }},
    {"interrupt_message", Place::thread,
     [](TextRows& t) {
         return "interrupt message of " + t.s("model") + ": " + t.x("data") + " to " + t.x("address");
     }},
    {"dma", Place::thread,
     [](TextRows& t) {
         return "DMA of " + t.s("model") + (t.n("write") ? ": writes " : ": reads ") + t.x("length") +
                " bytes at " + t.x("physical") + (t.n("done") ? "" : ": refused");
     }},
    {"device_message", Place::thread, [](TextRows& t) { return t.s("model") + ": " + t.s("text"); }},
};

// An event of a newer version: its name and fields.
std::string any_row(const Record& r) {
    std::string out = r.event->name;
    for (std::size_t i = 0; i < r.values.size(); ++i) {
        const Field& field = r.event->fields[i];
        out += " " + field.name + "=";
        if (field.type == Type::str8 || field.type == Type::str16)
            out += r.text(field.name);
        else if (field.type == Type::bytes || field.type == Type::u64s)
            out += std::to_string(r.values[i].data.size()) + " bytes";
        else
            out += hex_text(r.values[i].number);
    }
    return out;
}

const Row* find_row(std::string_view event) {
    static const std::unordered_map<std::string_view, const Row*> index = [] {
        std::unordered_map<std::string_view, const Row*> made;
        for (const Row& row : rows)
            made.emplace(row.event, &row);
        return made;
    }();
    const auto found = index.find(event);
    return found == index.end() ? nullptr : found->second;
}

} // namespace

bool has_wording(std::string_view event) { return find_row(event) != nullptr; }

TextRow text_row(TextFormatter& formatter, const Record& record) {
    TextRows t{formatter, record};
    t.learn();
    const Row* row = find_row(record.event->name);
    if (!row) return {t.open_calls(), any_row(record)};
    TextRow out;
    if (row->place == Place::leave) t.leave();
    out.depth = row->place >= Place::irp && t.living() ? t.irp_depth() : t.open_calls();
    if (row->place == Place::enter) t.enter();
    if (row->place == Place::irp_enter) t.enter();
    if (row->place == Place::irp_leave) {
        t.leave();
        if (!t.living()) out.depth = t.open_calls();
    }
    out.text = row->wording(t);
    if (record.is("irp_freed")) t.gone();
    return out;
}

} // namespace trace
