/**
 * Typed calls over AMP: a server that adds and divides, and its client. The commands are those of
 * Twisted's examples `ampserver.py` and `ampclient.py`, with which both sides work, too.
 *
 *     deno run --allow-net examples/amp_sum.ts
 *
 * The server listens on port 1234. In another terminal, start the client with the arguments
 * `client 1234`. It prints:
 *
 *     13 + 81 = 94
 *     1234 / 2 = 617
 *     1234 / 0: division by zero
 *     Nothing answers to Multiply
 */

import {
  connectProtocol,
  Factory,
  log,
  reactor,
  TCP4ClientEndpoint,
  TCP4ServerEndpoint,
} from "@torsion/reactor";
import { AMP, Command, Float, Integer, UnhandledCommand } from "@torsion/reactor/amp";

const Sum = new Command("Sum", {
  arguments: { a: Integer, b: Integer },
  response: { total: Integer },
});

class ZeroDivisionError extends Error {}

const Divide = new Command("Divide", {
  arguments: { numerator: Integer, denominator: Integer },
  response: { result: Float },
  errors: { ZERO_DIVISION: ZeroDivisionError },
});

/** A command that the server does not know. */
const Multiply = new Command("Multiply");

class Calculator extends AMP {
  constructor() {
    super();
    this.responder(Sum, ({ a, b }) => {
      log.msg(`Did a sum: ${a} + ${b} = ${a + b}`);
      return { total: a + b };
    });
    this.responder(Divide, ({ numerator, denominator }) => {
      if (denominator === 0) throw new ZeroDivisionError("division by zero");
      return { result: numerator / denominator };
    });
  }
}

async function serve(port: number): Promise<void> {
  log.startLogging(Deno.stdout);
  await new TCP4ServerEndpoint(reactor, port).listen(Factory.forProtocol(Calculator));
}

async function divide(client: AMP, numerator: number, denominator: number): Promise<string> {
  try {
    const { result } = await client.callRemote(Divide, { numerator, denominator });
    return `${numerator} / ${denominator} = ${result}`;
  } catch (error) {
    if (!(error instanceof ZeroDivisionError)) throw error;
    return `${numerator} / ${denominator}: ${error.message}`;
  }
}

async function call(port: number): Promise<void> {
  const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", port);
  const client = await connectProtocol(endpoint, new AMP({ clock: reactor, timeout: 5 }));
  // The calls are sent at once. Each answer belongs to its call, in whatever order they arrive.
  const [{ total }, ...quotients] = await Promise.all([
    client.callRemote(Sum, { a: 13, b: 81 }),
    divide(client, 1234, 2),
    divide(client, 1234, 0),
  ]);
  console.log(`13 + 81 = ${total}`);
  for (const quotient of quotients) console.log(quotient);
  await client.callRemote(Multiply).addErrback((error) => {
    if (!(error instanceof UnhandledCommand)) throw error;
    console.log(`Nothing answers to ${Multiply.commandName}`);
  });
}

if (import.meta.main) {
  const [first = "1234", port = "1234"] = Deno.args;
  reactor.callWhenRunning(async () => {
    if (first !== "client") return serve(Number(first));
    await call(Number(port)).finally(() => reactor.stop());
  });
  await reactor.run();
}
