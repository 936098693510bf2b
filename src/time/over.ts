// Why something is aborted for which nobody waits any more. Without a reason of its own every `abort()` makes a
// DOMException with its stack, which costs more than what it ends.

/** Nobody sees it. */
export const over: Error = new Error('over');
