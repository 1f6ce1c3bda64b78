// Where the stub of an unknown import goes that --allow-missing bound.
#include "kernel/exports/gate.h"
#include "kernel/ke/bugcheck.h"

using namespace nt;

extern "C" void DrvlabMissingImport(const char* name) { ke::stub_called(name); }
GATE(DrvlabMissingImport);
