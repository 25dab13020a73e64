/*
 * Sequence numbers (RFC 9293 3.4): 32-bit, modulo 2^32. A struct, so that a
 * raw < does not compile. Two-operand comparisons hold while the two are less
 * than 2^31 apart; three-operand ones go by unsigned offset from a reference
 * point and are exact for any span.
 *
 * The arithmetic is written once, in seq_template.h, for a width in bits, so
 * that the tests can run the same text exhaustively at 16 bits.
 */
#ifndef BASE_SEQ_H
#define BASE_SEQ_H

#include "base/types.h"

struct seq {
    uint32_t v;
};

#define SEQ_TYPE struct seq
#define SEQ_WORD uint32_t
#define SEQ_HALF UINT32_C(0x80000000)
#define SEQ_NAME(verb) seq_##verb
#include "base/seq_template.h"
#undef SEQ_TYPE
#undef SEQ_WORD
#undef SEQ_HALF
#undef SEQ_NAME

#endif
