/* The interface between Drvlab and a hardware model: a shared object that plays a device.
 * docs/modelling-hardware.md explains it; drvlab_model.hpp is the same for C++.
 *
 * A model exports one function, drvlab_model, which gives its description. Drvlab calls `create` once for
 * each
 * --hardware on its command line; there the model says what the device consists of (declare_…), and
 * afterwards answers reads and writes of the driver and acts on its own at virtual times that it schedules.
 * Everything runs on one thread, and never two functions of a model at once, except that a DMA or an
 * interrupt of a model returns before anybody acts on it.
 *
 * Nothing may depend on the host's clock or randomness: time is now() and schedule(), chance is random().
 * Then a run repeats.
 */
#ifndef DRVLAB_MODEL_H
#define DRVLAB_MODEL_H
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DRVLAB_MODEL_VERSION 1u /* of this header; a model of another version is refused by name */

typedef struct drvlab_device drvlab_device; /* Drvlab's side of one device */

enum drvlab_region_kind {
    DRVLAB_BAR_MEMORY32, /* memory below 4 GiB */
    DRVLAB_BAR_MEMORY64, /* takes two base address registers */
    DRVLAB_BAR_PORTS,
};

typedef struct drvlab_pci_identity {
    uint16_t vendor, device, subsystem_vendor, subsystem;
    uint8_t revision, programming_interface, subclass, base_class;
    uint8_t interrupt_pin; /* 1 to 4 for INTA# to INTD#; 0: no line */
    uint8_t reserved[3];
} drvlab_pci_identity;

/* What Drvlab does for a model. Times are 100 ns units of virtual time. Functions of the first group are for
 * `create`; a wrong declaration (a size that is no power of two, ranges that overlap) ends the run with a
 * message. */
typedef struct drvlab_host {
    uint32_t version, size;

    /* The device is a function on the PCI bus; without it, it has fixed ports and lines only. */
    void (*declare_pci)(drvlab_device*, const drvlab_pci_identity*);
    /* Another function of the same PCI device (8 in all), with an identity, regions and interrupts of its
     * own; numbers of regions count through. The first function must have its identity. */
    drvlab_device* (*declare_function)(drvlab_device*);
    /* A base address register, `size` bytes (a power of two; memory: 16 at least, ports: 4 to 256). The
     * number of the region is what read and write get. `width` (1, 2, 4 or 8 bytes): the widest
     * access that the device takes; wider ones arrive as several, lower addresses first. */
    uint32_t (*declare_bar)(drvlab_device*, uint32_t index, enum drvlab_region_kind, uint64_t size,
                            uint32_t width);
    /* Ports or registers at a fixed place, as devices before PCI have them. */
    uint32_t (*declare_ports)(drvlab_device*, uint32_t first, uint32_t count, uint32_t width);
    uint32_t (*declare_registers)(drvlab_device*, uint64_t physical, uint64_t size, uint32_t width);
    /* A fixed interrupt line (0 to 15: ISA); a PCI device has its pin instead. */
    void (*declare_line)(drvlab_device*, uint32_t line);
    /* Message-signalled interrupts: 1, 2, 4 … 32 messages; or an MSI-X table of 1 to 2048 at `offset` of a
     * memory BAR (16 bytes each, the pending bits after them). Drvlab keeps both. */
    void (*declare_msi)(drvlab_device*, uint32_t messages);
    void (*declare_msix)(drvlab_device*, uint32_t messages, uint32_t bar, uint32_t offset);
    /* Any other capability: its bytes after id and pointer, and which of their bits are writable. */
    void (*declare_capability)(drvlab_device*, uint8_t id, const uint8_t* bytes, const uint8_t* writable,
                               uint32_t count);

    /* The line is a level: asserted until the model takes it back. */
    void (*set_line)(drvlab_device*, int asserted);
    /* 1: sent, or pending because it is masked; 0: messages are not enabled, so use the line. */
    int (*send_message)(drvlab_device*, uint32_t number);
    /* 1: done. 0: not memory, or the driver has not enabled bus mastering; nothing was changed. */
    int (*dma_read)(drvlab_device*, uint64_t physical, void* to, uint64_t bytes);
    int (*dma_write)(drvlab_device*, uint64_t physical, const void* from, uint64_t bytes);

    uint64_t (*now)(drvlab_device*);
    /* `function` is called once, `delay` (at least 1) from now. The id is never 0. */
    uint64_t (*schedule)(drvlab_device*, uint64_t delay, void (*function)(void*), void* argument);
    int (*cancel)(drvlab_device*, uint64_t id);    /* 0: it has run already */
    uint64_t (*random)(drvlab_device*);            /* from the run's seed, the same in each run */
    void (*log)(drvlab_device*, const char* text); /* a row of the trace */
    /* The model cannot go on: the run ends with this text. Returns; the model should, too. */
    void (*fail)(drvlab_device*, const char* text);

    /* Devices before PCI that cannot move data themselves are wired to a channel of the system DMA
     * controller: 0 to 3 move bytes, 5 to 7 words. For `create`. */
    void (*declare_dma_channel)(drvlab_device*, uint32_t channel);
    /* The device asks for a transfer: the number of bytes that were moved between buffer and memory. 0: the
     * driver has not set the channel up for this direction. *end is 1 when that was the transfer's last byte.
     */
    uint32_t (*dma_channel)(drvlab_device*, uint32_t channel, void* buffer, uint32_t bytes, int to_memory,
                            int* end);
} drvlab_host;

typedef struct drvlab_model {
    uint32_t version; /* DRVLAB_MODEL_VERSION */
    uint32_t size;    /* sizeof(drvlab_model) */
    const char* name; /* short: it stands in traces */
    /* `arguments`: what follows the name on the command line, "" if nothing does. Null: it has failed (say
     * why with fail). Otherwise `self` of the other functions. */
    void* (*create)(const drvlab_host*, drvlab_device*, const char* arguments);
    /* 1, 2, 4 or 8 bytes at `offset` of a region, naturally aligned; value bits above are ignored and zero.
     */
    uint64_t (*read)(void* self, uint32_t region, uint64_t offset, uint32_t bytes);
    void (*write)(void* self, uint32_t region, uint64_t offset, uint32_t bytes, uint64_t value);
    void (*destroy)(void* self); /* may be null */
} drvlab_model;

#define DRVLAB_MODEL_ENTRY "drvlab_model_entry"
typedef const drvlab_model* (*drvlab_model_entry_function)(void);
#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const drvlab_model*
drvlab_model_entry(void);

#ifdef __cplusplus
}
#endif
#endif
