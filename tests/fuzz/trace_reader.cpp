// Fuzz target: any bytes as a trace file are read, worded and written as JSON without a fault.
// With libFuzzer this is the target; otherwise (replay) main feeds it the files named on the command line.
#include "trace/json.h"
#include "trace/text.h"
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    trace::Reader reader;
    if (!reader.open(std::as_bytes(std::span(data, size)))) return 0;
    trace::TextFormatter text;
    trace::JsonFormatter json;
    trace::Record record;
    std::string out;
    while (reader.next(record)) {
        out.clear();
        text.append(record, out);
        json.append(record, out);
    }
    return 0;
}

#ifndef DRVLAB_LIBFUZZER
int main(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        std::ifstream in(argv[i], std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(in), {}};
        if (!in.good() && bytes.empty()) {
            std::fprintf(stderr, "%s: cannot be read\n", argv[i]);
            return 1;
        }
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    }
}
#endif
