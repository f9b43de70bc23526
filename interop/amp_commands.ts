/**
 * The commands of the tests with Twisted's AMP, which `peers/twisted_amp.py` defines, too.
 *
 * @module
 */

import * as amp from "../protocol/amp/mod.ts";
import { LineReceiver } from "../protocol/mod.ts";

/** An error that a command defines. */
export class Refused extends Error {}

/** An error that closes the connection. */
export class Fatal extends Error {}

/** Adds two numbers. */
export const Sum = new amp.Command("Sum", {
  arguments: { a: amp.Integer, b: amp.Integer },
  response: { total: amp.Integer },
});

const types = {
  integer: amp.Integer,
  huge: amp.BigInteger,
  real: amp.Float,
  flag: amp.Boolean,
  data: amp.String,
  text: amp.Unicode,
  money: amp.Decimal,
  time: amp.DateTime,
  numbers: amp.ListOf(amp.Integer),
  texts: amp.ListOf(amp.ListOf(amp.Unicode)),
  users: amp.AmpList({ name: amp.Unicode, age: amp.optional(amp.Integer) }),
  absent: amp.optional(amp.Integer),
  "with-dash": amp.optional(amp.Unicode),
};

/** Returns its arguments. */
export const Same = new amp.Command("Same", { arguments: types, response: types });

/** Fails in the way that its argument names. */
export const Fail = new amp.Command("Fail", {
  arguments: { how: amp.Unicode },
  errors: { REFUSED: Refused },
  fatalErrors: { FATAL: Fatal },
});

/** A command without a responder. */
export const Missing = new amp.Command("Missing");

/** Stores a text, without an answer. */
export const Note = new amp.Command("Note", {
  arguments: { text: amp.Unicode },
  requiresAnswer: false,
});

/** Returns the texts that {@linkcode Note} has stored. */
export const Notes = new amp.Command("Notes", { response: { texts: amp.ListOf(amp.Unicode) } });

/** Returns the name in the caller's certificate. */
export const Secured = new amp.Command("Secured", {
  response: { peer: amp.optional(amp.Unicode) },
});

/** Switches to {@linkcode Shout}. */
export const Switch = new amp.ProtocolSwitchCommand("Switch", {
  arguments: { greeting: amp.Unicode },
  errors: { REFUSED: Refused },
});

/** The protocol after a switch: the side without a greeting sends lines back in capitals. */
export class Shout extends LineReceiver {
  override delimiter: string | Uint8Array = "\n";
  readonly #greeting: string | null;
  readonly #reply = Promise.withResolvers<string>();

  constructor(greeting: string | null = null) {
    super();
    this.#greeting = greeting;
  }

  /** The line that the peer has sent. */
  get reply(): Promise<string> {
    return this.#reply.promise;
  }

  override connectionMade(): void {
    if (this.#greeting !== null) this.sendLine(this.#greeting);
  }

  override textReceived(line: string): void {
    if (this.#greeting === null) this.sendLine(line.toUpperCase());
    else this.#reply.resolve(line);
  }
}

/** The responders of all commands. */
export class Server extends amp.AMP {
  readonly #notes: string[] = [];

  constructor(tls: amp.TLSCallOptions) {
    super();
    this.responder(Sum, ({ a, b }) => ({ total: a + b }));
    this.responder(Same, (values) => values);
    this.responder(Fail, ({ how }) => {
      if (how === "refused") throw new Refused(how);
      if (how === "fatal") throw new Fatal(how);
      throw new TypeError(how);
    });
    this.responder(Note, ({ text }) => void this.#notes.push(text));
    this.responder(Notes, () => ({ texts: this.#notes }));
    this.responder(Secured, () => ({ peer: this.peerCertificate?.subject.CN }));
    this.responder(amp.StartTLS, () => tls);
    this.responder(Switch, ({ greeting }) => {
      if (greeting === "no") throw new Refused(greeting);
      return new Shout();
    });
  }

  amp_RAW(box: amp.AmpBox): amp.AmpBox {
    return new amp.AmpBox({ got: [...box.keys()].sort().join(",") });
  }
}
