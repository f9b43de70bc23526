/**
 * The small services of the early internet, as protocols: useful for tests, examples and checks of
 * a network. The names are those of `twisted.protocols.wire`.
 *
 * @example
 * ```ts no-eval
 * import { Factory, reactor } from "@torsion/reactor";
 * import { Echo } from "@torsion/reactor/wire";
 *
 * reactor.listenTCP(7, Factory.forProtocol(Echo));
 * await reactor.run();
 * ```
 *
 * @module
 */

export { Chargen } from "./chargen.ts";
export { Daytime } from "./daytime.ts";
export { Discard } from "./discard.ts";
export { Echo } from "./echo.ts";
export { QOTD } from "./qotd.ts";
export { Time } from "./time.ts";
export { Who } from "./who.ts";
