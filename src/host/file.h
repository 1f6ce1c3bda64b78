// Host files: whole-file reading and plain output, with errors that name the file and the reason.
#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace host {

// Error: "cannot read 'path': reason".
std::expected<std::vector<std::uint8_t>, std::string> read_file(const std::string& path);
std::expected<void, std::string> write_file(const std::string& path, std::string_view contents);

// Names of a directory's entries, in ascending order; empty when it cannot be read.
std::vector<std::string> list_directory(const std::string& path);

// A buffered writer; every failure is kept and reported once by finish(). "-" is standard output.
class OutputFile {
  public:
    static std::expected<OutputFile, std::string> open(const std::string& path);
    OutputFile(OutputFile&& other) noexcept;
    OutputFile& operator=(OutputFile&&) = delete;
    ~OutputFile();
    void write(std::string_view bytes);
    bool flush(); // false after any failure
    std::expected<void, std::string> finish();

  private:
    OutputFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
    std::string path_;
    int fd_;
    int error_ = 0;
    std::string buffer_;
};

} // namespace host
