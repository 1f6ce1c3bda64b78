#include "view/prompt.h"
#include "host/signals.h"
#include <cstdio>
#include <histedit.h>
#include <iostream>
#include <unistd.h>

namespace view {
namespace {

std::string prompt_text;
char* prompt_of(EditLine*) { return prompt_text.data(); }

// "Pressing the ENTER key by itself … reissues the command that you previously entered":
// debuggercmds/enter--repeat-last-command-.md.
const std::string& or_last(const std::string& line) {
    static std::string last;
    if (line.find_first_not_of(" \t\r\n") != line.npos) last = line;
    return last;
}

bool run_terminal(Debugger& debugger) {
    History* past = history_init();
    HistEvent event;
    history(past, &event, H_SETSIZE, 200);
    EditLine* line = el_init("drvlab", stdin, stdout, stderr);
    el_set(line, EL_PROMPT, prompt_of);
    el_set(line, EL_EDITOR, "emacs");
    el_set(line, EL_HIST, history, past);
    while (!debugger.quit_requested()) {
        prompt_text = debugger.prompt();
        int length = 0;
        const char* text = el_gets(line, &length);
        if (!text || length <= 0) break;
        const std::string command(text, static_cast<std::size_t>(length));
        if (command.find_first_not_of(" \t\r\n") != command.npos) history(past, &event, H_ENTER, text);
        std::cout << execute_guarded(debugger, or_last(command)) << std::flush;
    }
    el_end(line);
    history_end(past);
    return true;
}

} // namespace

std::string execute_guarded(Debugger& debugger, std::string_view line) {
    std::string text;
    if (!host::guarded([&] { text = debugger.execute(line); })) text = debugger.abandon();
    return text;
}

bool run_prompt(Debugger& debugger) {
    if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) return run_terminal(debugger);
    bool good = true;
    std::string line;
    while (!debugger.quit_requested() && std::getline(std::cin, line)) {
        // Piped in: the prompt and the command are printed, so that the output reads as a session.
        std::cout << debugger.prompt() << line << "\n"
                  << execute_guarded(debugger, or_last(line)) << std::flush;
        good = good && !debugger.failed();
    }
    return good;
}

} // namespace view
