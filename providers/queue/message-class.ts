// Message classes (MS-MQMQ section 2.2.18.1.6): what a message is, and why one was not delivered.

/** Class → its number. */
export const classNumbers = {
  normal: 0x0000,
  report: 0x0001,
  'ack.reachQueue': 0x0002,
  'ack.receive': 0x4000,
  'nack.badDestinationQueue': 0x8000,
  'nack.purged': 0x8001,
  'nack.reachQueueTimeout': 0x8002,
  'nack.queueExceedsQuota': 0x8003,
  'nack.accessDenied': 0x8004,
  'nack.hopCountExceeded': 0x8005,
  'nack.badSignature': 0x8006,
  'nack.badEncryption': 0x8007,
  'nack.couldNotEncrypt': 0x8008,
  'nack.notTransactionalQueue': 0x8009,
  'nack.notTransactionalMessage': 0x800a,
  'nack.unsupportedCryptoProvider': 0x800b,
  'nack.queueDeleted': 0xc000,
  'nack.queuePurged': 0xc001,
  'nack.receiveTimeout': 0xc002,
  'nack.receiveTimeoutAtSender': 0xc003,
  'nack.receiveRejected': 0xc004,
} as const;

export type MessageClass = keyof typeof classNumbers;
export type Acknowledgement = Exclude<MessageClass, 'normal' | 'report'>;
export type NegativeAcknowledgement = Extract<MessageClass, `nack.${string}`>;

/** Custom classes use only these bits. */
export const customClassBits = 0xe1ff;

/** What a sender may ask for: of arrival, of receipt, and of the failure of either. */
export interface AcknowledgeRequest {
  readonly arrival?: boolean;
  readonly receive?: boolean;
  readonly failedArrival?: boolean;
  readonly failedReceive?: boolean;
}

/** MQMSG_ACKNOWLEDGMENT_FULL_REACH_QUEUE, _FULL_RECEIVE, _NACK_RECEIVE. */
export const fullReachQueue: AcknowledgeRequest = { arrival: true, failedArrival: true };
export const fullReceive: AcknowledgeRequest = { receive: true, failedArrival: true, failedReceive: true };
export const nackReceive: AcknowledgeRequest = { failedArrival: true, failedReceive: true };

/** Whether the sender asked for this one. */
export function isAsked(request: AcknowledgeRequest, acknowledgement: Acknowledgement): boolean {
  const number = classNumbers[acknowledgement];
  if (acknowledgement === 'ack.reachQueue') return request.arrival === true;
  if (acknowledgement === 'ack.receive') return request.receive === true;
  return (number >= classNumbers['nack.queueDeleted'] ? request.failedReceive : request.failedArrival) === true;
}
