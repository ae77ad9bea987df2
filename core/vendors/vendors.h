/* vendors: one file per vendor, each pure data and pure functions: descriptors, shapes, errors, neutral call ->
 * operation, answer -> placement. No I/O. A new vendor is one file and one line here. */
#ifndef OD_VENDORS_VENDORS_H
#define OD_VENDORS_VENDORS_H

#include "operation/operation.h"
#include "authorizing/authorizing.h"

#pragma GCC visibility push(hidden)

#define OD_VENDORS(XX) \
    XX(amazon_connect) \
    XX(genesys)        \
    XX(ccai_platform)  \
    XX(symbee)

#define OD_VENDOR_DECLARE(name) extern const od_vendor od_vendor_##name;
OD_VENDORS(OD_VENDOR_DECLARE)
#undef OD_VENDOR_DECLARE

#pragma GCC visibility pop
#endif
