// How long finished things stay where nobody says otherwise; received mail stays until the program deletes it.
import type { Retention } from './message-store.ts';

const day = 86_400_000;

export const defaultRetention: Retention = { contentMs: 7 * day, recordMs: 90 * day, idempotencyKeyMs: 7 * day };
