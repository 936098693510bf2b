// The moments at which a run kills: where in a delivery or a reception, and which fault of the matrix that is.

/** Half of all kills fall here: the sink has, or may have, the message, and the store does not know. */
export const afterDot = ['accepted-no-reply', 'replied', 'settling'] as const;
/** A delivery is claimed and has not come to its final dot, or one is claimed while mail comes in. */
export const otherwise = ['claimed', 'before-mail', 'body', 'before-dot', 'inbound-content', 'inbound-saving', 'inbound-saved'] as const;

export type Phase = (typeof afterDot)[number] | (typeof otherwise)[number];

export const meaning: Readonly<Record<Phase, string>> = {
  'accepted-no-reply': 'F-04 the server has taken the message, its reply never came',
  replied: 'F-04 the reply came, the outcome is not handed to the store',
  settling: 'F-04 F-05 the commit of the outcome is under way',
  claimed: 'F-03 claimed, the provider not called',
  'before-mail': 'F-03 the provider was called, nothing said of the message',
  body: 'F-03 in the middle of a large body',
  'before-dot': 'F-03 all but the final dot was said',
  'inbound-content': 'F-24 fetched, nothing saved',
  'inbound-saving': 'F-24 the commit of a received message is under way',
  'inbound-saved': 'F-24 saved, the server not told',
};

/** After the dot and otherwise in turn, each list from its beginning to its end and again. */
export const phaseOfKill = (kill: number): Phase => {
  const list: readonly Phase[] = kill % 2 === 0 ? afterDot : otherwise;
  return list[Math.floor(kill / 2) % list.length] ?? 'claimed';
};
