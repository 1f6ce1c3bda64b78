// What drvlab's exit status means; documented in docs/exit-status.md. Below these: the client's own.
#pragma once

namespace app {

enum ExitStatus : int {
    exit_client_out_of_range = 119, // the client's code is 119 to 127 or above 255; --result has it
    exit_usage = 120,               // a wrong option or argument
    exit_load_failure = 121,        // an image could not be loaded, or DriverEntry failed
    exit_bug_check = 122,
    exit_report = 123,         // a rule was broken, or a driver left something behind
    exit_user_exception = 124, // the program died of an exception
    exit_stub = 125,           // a function that is not implemented was called
    exit_hang = 126,           // code that never calls the system, or every thread waits
    exit_host = 127,           // the host failed: a file could not be written, the disk or memory is full
};

} // namespace app
