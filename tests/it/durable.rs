//! Acknowledged means durable, seen from outside the process: by its system calls, on a full disk, and by callers who do
//! not wait for the answer.

mod answers;
mod full;
mod impatient;
