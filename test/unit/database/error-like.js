// An error as a program of its own would throw it.
export class MailspoolErrorLike extends Error {}
