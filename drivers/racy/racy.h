// Control codes of \\.\Racy. Each pair of codes is one of the races that every book on drivers warns of; the
// comments in racy.c say what is wrong and how it is done right.
#pragma once

#define RACY_CODE(n) CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800 + (n), METHOD_BUFFERED, FILE_ANY_ACCESS)

// 1. Cancellation against completion.
#define RACY_HOLD RACY_CODE(0)   // pends until RACY_FINISH or until it is cancelled
#define RACY_FINISH RACY_CODE(1) // completes what is held; STATUS_NOT_FOUND: nothing is
#define RACY_SESSIONS 64
// 2. A remove lock released too early.
#define RACY_START RACY_CODE(2)  // begins a session, with a buffer that RACY_USE writes to
#define RACY_USE RACY_CODE(3)    // STATUS_DELETE_PENDING: it is being removed
#define RACY_REMOVE RACY_CODE(4) // waits until nobody uses the buffer, and frees it
// 3. A structure used after its owner was told that it is done.
#define RACY_ASK RACY_CODE(5)    // waits until RACY_ANSWER has answered
#define RACY_ANSWER RACY_CODE(6) // STATUS_NOT_FOUND: nobody asks
