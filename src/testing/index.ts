// mailspool/testing: what a test needs. A clock that is moved by hand, randomness that can be replayed, mail servers
// in the process.
export type { FakeCredentials, FakeUsers } from './accounts.ts';
export type { Duration } from './duration.ts';
export { fakeImap, type FakeImap, type FakeImapOptions, type OnImapCommand } from './fake-imap/fake-imap.ts';
export type {
  ImapCapability,
  ImapCommandName,
  ImapFault,
  ImapLogEntry,
  ImapMischief,
  ImapMisdeed,
  ImapReply,
  ImapStep,
} from './fake-imap/imap-host.ts';
export { fakePop3, type FakePop3, type FakePop3Options } from './fake-pop3/fake-pop3.ts';
export type { Pop3Command, Pop3Fault, Pop3Misdeed, Pop3Reply, Pop3Step } from './fake-pop3/fault.ts';
export type { Pop3Capability, Pop3LogEntry } from './fake-pop3/pop3-host.ts';
export type { SmtpExtension } from './fake-smtp/extensions.ts';
export { fakeSmtp, type FakeSmtp, type FakeSmtpOptions, type SmtpRefusal } from './fake-smtp/fake-smtp.ts';
export type { SmtpFault, SmtpMisdeed, SmtpReply, SmtpStep } from './fake-smtp/fault.ts';
export type { SmtpPath } from './fake-smtp/grammar.ts';
export type { ReceivedMail, ReceivedQuery } from './fake-smtp/received-mail.ts';
export type { SmtpLogEntry } from './fake-smtp/smtp-host.ts';
export type { Fault, FaultConditions, FaultHandle, Misdeed, Pattern } from './faults/fault.ts';
export type { ArrivalQuery } from './mailboxes/arrival.ts';
export { fakeMailboxes, type DeliverOptions, type FakeMailboxes, type FakeMailboxesOptions } from './mailboxes/fake-mailboxes.ts';
export type { FakeMailbox, FakeMessage } from './mailboxes/mailbox.ts';
export type { FakeServer, FakeServerOptions } from './net/fake-server.ts';
export type { KeyAndCertificate } from './net/self-signed.ts';
export type { SaslMechanism } from './sasl.ts';
export { seededRandom, type SeededRandom } from './seeded-random.ts';
export { conformanceMatrix, type CaseOutcome, type CaseReport, type ConformanceReport } from './conformance/report.ts';
export type { Capabilities, SuiteOptions, TestRunner, TestRunnerIt } from './conformance/suite.ts';
export { Crash, Spool, type SavedMessage, type Turn, type TurnWatch } from './provider-suite/inbound-message.ts';
export { outboundMessage, type DraftedMessage, type OutboundDraft } from './provider-suite/outbound-message.ts';
export type { Delivered, ProviderCapability, ProviderFactory, ProviderUnderTest } from './provider-suite/subject.ts';
export { checkTransportProvider, describeTransportProvider, type ProviderSuiteOptions } from './provider-suite/suite.ts';
export { logonOptions, testSupport, type SupportOptions, type TestSupport } from './provider-suite/support.ts';
export type { ProviderCapabilities } from './provider-suite/world.ts';
export type { StoreCapabilities, StoreCapability, StoreFactory, StoreUnderTest } from './store-suite/subject.ts';
export { checkMessageStore, describeMessageStore, type StoreSuiteOptions } from './store-suite/suite.ts';
export type { SuiteClock } from './store-suite/world.ts';
export { virtualTime, type VirtualTime, type VirtualTimeOptions } from './virtual-time.ts';
export type { ParsedAddress, ParsedAttachment, ParsedMail } from './mime/parsed-mail.ts';
