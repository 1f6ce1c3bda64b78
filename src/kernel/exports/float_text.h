// Floating-point numbers for the printf family: cpp page "Format specification syntax". Exact digits, halves
// to even ("Starting in Windows 10 version 2004 …").
#pragma once
#include "rtl/float_text.h"

namespace nt::exports {

void print_float(const rtl::FloatText& what, rtl::TakeText take, void* context);

} // namespace nt::exports
