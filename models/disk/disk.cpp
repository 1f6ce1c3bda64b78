// A disk that works through queues in memory: docs/hardware-models.md.
#include "drvlab_model.hpp"
#include <cstdio>
#include <cstring>

namespace {

constexpr std::uint32_t block_size = 512, most_blocks = 2048, most_entries = 1024, most_pieces = 256;

// What holds the blocks: memory, or a file of the host.
class Medium {
  public:
    explicit Medium(const drvlab::Setup& setup) : read_only_(setup.argument("readonly", "no") != "no") {
        const std::string path = setup.argument("file");
        std::uint64_t size = setup.number("size", 1 << 20);
        if (!path.empty()) {
            file_ = std::fopen(path.c_str(), read_only_ ? "rb" : "r+b");
            if (!file_) throw std::runtime_error("cannot open '" + path + "': " + std::strerror(errno));
            if (std::fseek(file_, 0, SEEK_END) != 0) throw std::runtime_error("'" + path + "' has no size");
            size = static_cast<std::uint64_t>(std::ftell(file_));
        }
        blocks_ = size / block_size;
        if (blocks_ == 0 || size % block_size)
            throw std::runtime_error("a size of " + std::to_string(size) +
                                     " bytes is not a number of 512-byte blocks");
        if (!file_) memory_.resize(size);
    }
    ~Medium() {
        if (file_) std::fclose(file_);
    }
    Medium(const Medium&) = delete;
    Medium& operator=(const Medium&) = delete;

    std::uint64_t blocks() const { return blocks_; }
    bool read_only() const { return read_only_; }
    bool read(std::uint64_t at, void* to, std::size_t n) {
        if (!file_) return std::memcpy(to, memory_.data() + at, n), true;
        return std::fseek(file_, static_cast<long>(at), SEEK_SET) == 0 && std::fread(to, 1, n, file_) == n;
    }
    bool write(std::uint64_t at, const void* from, std::size_t n) {
        if (!file_) return std::memcpy(memory_.data() + at, from, n), true;
        return std::fseek(file_, static_cast<long>(at), SEEK_SET) == 0 && std::fwrite(from, 1, n, file_) == n;
    }
    bool flush() { return !file_ || std::fflush(file_) == 0; }

  private:
    bool read_only_;
    std::FILE* file_ = nullptr;
    std::vector<std::uint8_t> memory_;
    std::uint64_t blocks_ = 0;
};

struct Command {
    std::uint8_t operation, flags;
    std::uint16_t id;
    std::uint32_t blocks;
    std::uint64_t first, address;
    std::uint32_t pieces, reserved;
};
struct Piece {
    std::uint64_t address;
    std::uint32_t length, reserved;
};
struct Completion {
    std::uint16_t id, status;
    std::uint32_t blocks, head, phase;
};
static_assert(sizeof(Command) == 32 && sizeof(Piece) == 16 && sizeof(Completion) == 16);

enum : std::uint8_t { op_read = 1, op_write = 2, op_flush = 3, flag_list = 1 };
enum : std::uint16_t { good, bad_operation, out_of_range, bad_transfer, write_protected, medium_error };
enum : std::uint32_t { control_enable = 1, control_interrupt = 2 };
enum : std::uint32_t { status_ready = 1, status_fault = 2 };

struct Queue {
    std::uint64_t base = 0;
    std::uint32_t size = 0, head = 0, tail = 0;
    std::uint32_t used() const { return (tail - head) & (size - 1); }
    bool full() const { return ((tail + 1) & (size - 1)) == head; }
    bool valid() const {
        return size >= 2 && size <= most_entries && (size & (size - 1)) == 0 && base % 64 == 0;
    }
};

class Disk final : public drvlab::Model {
  public:
    explicit Disk(const drvlab::Setup& setup)
        : Model(setup), medium_(setup), latency_(setup.number("latency", 50) * 10),
          block_time_(setup.number("block", 1) * 10) {
        setup.allow({"size", "file", "readonly", "latency", "block"});
        drvlab_pci_identity identity = {};
        identity.vendor = 0x1DB5, identity.device = 0x0002;
        identity.base_class = 0x01, identity.subclass = 0x80; // mass storage, of its own kind
        identity.interrupt_pin = 1;
        pci(identity);
        bar(0, DRVLAB_BAR_MEMORY64, 0x1000);
        msi(1);
    }

    std::uint64_t read(std::uint32_t, std::uint64_t offset, std::uint32_t bytes) override {
        if (bytes < 4) return 0;
        std::uint64_t value = get(offset & ~std::uint64_t{3});
        if (bytes == 8) value |= get(offset + 4) << 32;
        return value;
    }

    void write(std::uint32_t, std::uint64_t offset, std::uint32_t bytes, std::uint64_t value) override {
        if (bytes < 4) return;
        put(offset, static_cast<std::uint32_t>(value));
        if (bytes == 8) put(offset + 4, static_cast<std::uint32_t>(value >> 32));
    }

  private:
    enum Register : std::uint32_t {
        id = 0x00,
        version = 0x04,
        capacity = 0x08,
        block_bytes = 0x10,
        command_blocks = 0x14,
        control = 0x18,
        status = 0x1C,
        submission_base = 0x20,
        submission_size = 0x28,
        completion_base = 0x30,
        completion_size = 0x38,
        submission_doorbell = 0x40,
        completion_doorbell = 0x44,
        interrupt_status = 0x48,
        submission_head = 0x50,
        completion_tail = 0x54
    };

    std::uint64_t get(std::uint64_t offset) const {
        switch (offset) {
        case id:
            return 0x4B534444; // "DDSK"
        case version:
            return 1;
        case capacity:
            return medium_.blocks() & 0xFFFFFFFF;
        case capacity + 4:
            return medium_.blocks() >> 32;
        case block_bytes:
            return block_size;
        case command_blocks:
            return most_blocks;
        case control:
            return control_;
        case status:
            return status_;
        case submission_base:
            return submissions_.base & 0xFFFFFFFF;
        case submission_base + 4:
            return submissions_.base >> 32;
        case submission_size:
            return submissions_.size;
        case completion_base:
            return completions_.base & 0xFFFFFFFF;
        case completion_base + 4:
            return completions_.base >> 32;
        case completion_size:
            return completions_.size;
        case interrupt_status:
            return interrupt_;
        case submission_head:
            return submissions_.head;
        case completion_tail:
            return completions_.tail;
        default:
            return 0;
        }
    }

    void put(std::uint64_t offset, std::uint32_t value) {
        const auto low = [&](std::uint64_t& r) { r = (r & ~0xFFFFFFFFull) | value; };
        const auto high = [&](std::uint64_t& r) { r = (r & 0xFFFFFFFF) | std::uint64_t{value} << 32; };
        switch (offset) {
        case control:
            return set_control(value);
        case interrupt_status:
            interrupt_ &= ~value;
            return show();
        case submission_doorbell:
            if (!(status_ & status_ready)) return;
            if (value >= submissions_.size) return fault("a submission doorbell beyond the queue");
            submissions_.tail = value;
            return go_on();
        case completion_doorbell:
            if (!(status_ & status_ready)) return;
            if (value >= completions_.size) return fault("a completion doorbell beyond the queue");
            completions_.head = value;
            return go_on();
        }
        if (control_ & control_enable) return; // the queues stay where they are while it works
        switch (offset) {
        case submission_base:
            return low(submissions_.base);
        case submission_base + 4:
            return high(submissions_.base);
        case submission_size:
            submissions_.size = value;
            return;
        case completion_base:
            return low(completions_.base);
        case completion_base + 4:
            return high(completions_.base);
        case completion_size:
            completions_.size = value;
            return;
        }
    }

    void set_control(std::uint32_t value) {
        const bool was = control_ & control_enable, is = value & control_enable;
        control_ = value & (control_enable | control_interrupt);
        if (was && !is) { // what is on its way is forgotten
            cancel(step_);
            busy_ = false;
            status_ = interrupt_ = 0;
        }
        if (!was && is) {
            submissions_.head = submissions_.tail = completions_.head = completions_.tail = 0;
            phase_ = 1;
            if (!submissions_.valid() || !completions_.valid())
                fault("queues of 2 to 1024 entries, a power of two, at multiples of 64");
            else
                status_ = status_ready;
        }
        show();
    }

    void fault(const char* why) {
        log(why);
        status_ = status_fault;
        interrupt_ |= 2;
        if (!(control_ & control_interrupt) || !send_message(0)) show();
    }

    void show() { set_line(interrupt_ && (control_ & control_interrupt)); }

    // Takes the next command when none is on its way and its completion will have room.
    void go_on() {
        if (busy_ || !(status_ & status_ready) || submissions_.used() == 0 || completions_.full()) return;
        Command command;
        if (!dma_read(submissions_.base + submissions_.head * sizeof command, &command, sizeof command))
            return fault("the submission queue is not memory, or bus mastering is off");
        submissions_.head = (submissions_.head + 1) & (submissions_.size - 1);
        busy_ = true;
        const std::uint64_t blocks = command.blocks <= most_blocks ? command.blocks : 0;
        step_ = after(latency_ + blocks * block_time_, [this, command] { finish(command); });
    }

    void finish(const Command& command) {
        busy_ = false;
        Completion done = {command.id, carry_out(command), 0, submissions_.head, phase_};
        if (done.status == good) done.blocks = command.blocks;
        if (!dma_write(completions_.base + completions_.tail * sizeof done, &done, sizeof done))
            return fault("the completion queue is not memory, or bus mastering is off");
        completions_.tail = (completions_.tail + 1) & (completions_.size - 1);
        if (completions_.tail == 0) phase_ ^= 1;
        interrupt_ |= 1;
        if (!(control_ & control_interrupt) || !send_message(0)) show();
        go_on();
    }

    std::uint16_t carry_out(const Command& c) {
        if (c.operation == op_flush) return medium_.flush() ? good : medium_error;
        if (c.operation != op_read && c.operation != op_write) return bad_operation;
        if (c.blocks == 0 || c.blocks > most_blocks || c.first >= medium_.blocks() ||
            c.blocks > medium_.blocks() - c.first)
            return out_of_range;
        if (c.operation == op_write && medium_.read_only()) return write_protected;
        std::vector<Piece> pieces{{c.address, c.blocks * block_size, 0}};
        if (c.flags & flag_list) {
            if (c.pieces == 0 || c.pieces > most_pieces) return bad_transfer;
            pieces.resize(c.pieces);
            if (!dma_read(c.address, pieces.data(), c.pieces * sizeof(Piece))) return bad_transfer;
        }
        std::uint64_t total = 0;
        for (const Piece& p : pieces)
            total += p.length;
        if (total != std::uint64_t{c.blocks} * block_size) return bad_transfer;
        std::vector<std::uint8_t> buffer(total);
        if (c.operation == op_read && !medium_.read(c.first * block_size, buffer.data(), total))
            return medium_error;
        std::size_t at = 0;
        for (const Piece& p : pieces) {
            const bool moved = c.operation == op_read ? dma_write(p.address, buffer.data() + at, p.length)
                                                      : dma_read(p.address, buffer.data() + at, p.length);
            if (!moved) return bad_transfer;
            at += p.length;
        }
        if (c.operation == op_write && !medium_.write(c.first * block_size, buffer.data(), total))
            return medium_error;
        return good;
    }

    Medium medium_;
    const std::uint64_t latency_, block_time_;
    std::uint32_t control_ = 0, status_ = 0, interrupt_ = 0, phase_ = 1;
    Queue submissions_, completions_;
    bool busy_ = false;
    std::uint64_t step_ = 0;
};

} // namespace

DRVLAB_MODEL(Disk, "disk");
