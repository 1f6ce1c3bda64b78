// Making services and changing what their keys say.
#pragma once
#include "kernel/scm/database.h"
#include "kernel/scm/requests.h"

namespace nt::scm {

// CreateService. On success `made` is the new service.
ULONG create(Request& request, Service*& made);
// The calls about a service's configuration.
ULONG configure(Service& service, Request& request);

// Parts of an answer, in the order in which advapi32 reads them: numbers, and texts behind their length in
// characters.
void put(std::vector<UCHAR>& data, ULONG number);
void put(std::vector<UCHAR>& data, std::u16string_view text);

// security.cpp; null: the manager.
std::vector<UCHAR> descriptor_of(const Service* service); // self-relative
ULONG query_security(const Service* service, Request& request);
ULONG set_security(const Service* service, Request& request);

} // namespace nt::scm
