// The help texts in 80 columns.
#pragma once
#include <CLI/CLI.hpp>

namespace app {

class Help final : public CLI::Formatter {
  public:
    Help() { column_width(26); }
    std::string make_description(const CLI::App* app) const override;
    std::string make_footer(const CLI::App* app) const override;
    std::string make_subcommand(const CLI::App* command) const override;
    std::string make_option_desc(const CLI::Option* option) const override;
};

} // namespace app
