import { quote } from "../internal/validation.ts";
import { checkClean } from "./check_clean.ts";

/** The function of a test. A promise or Deferred that it returns is awaited. */
export type CleanTestFunction = (t: Deno.TestContext) => unknown;

/** Options of a test: those of `Deno.test`. */
export type CleanTestOptions = Omit<Deno.TestDefinition, "fn" | "name">;

/** A test as one object: the definition that `Deno.test` accepts. */
export type CleanTestDefinition = Omit<Deno.TestDefinition, "fn"> & {
  /** The function of the test. */
  fn: CleanTestFunction;
};

/** Defines a test. The arguments are those of `Deno.test`. */
export interface DefineCleanTest {
  /** Defines a test by one object. */
  (definition: CleanTestDefinition): void;
  /** Defines a test by its name and its function. */
  (name: string, fn: CleanTestFunction): void;
  /** Defines a test by its name, its options and its function. */
  (name: string, options: CleanTestOptions, fn: CleanTestFunction): void;
  /** Defines a test by options that contain its name, and its function. */
  (options: CleanTestOptions & { name: string }, fn: CleanTestFunction): void;
  /** Defines a test whose name is that of its function. */
  (fn: CleanTestFunction): void;
  /** Defines a test by its options and a function, whose name is that of the test. */
  (options: CleanTestOptions, fn: CleanTestFunction): void;
}

/** The type of {@linkcode cleanTest}. */
export interface CleanTest extends DefineCleanTest {
  /** Defines a test. Only the tests that are defined so are run. */
  only: DefineCleanTest;
  /** Defines a test that is not run. */
  ignore: DefineCleanTest;
}

/**
 * Defines a test with `Deno.test` that fails unless it ends clean: on a pending timed call, an open
 * port or connection, a running reactor, an unhandled failure of a Deferred, and an unexpected
 * logged error. The failure names the place where each was made. See {@linkcode checkClean}.
 *
 * It accepts all forms of arguments that `Deno.test` accepts, and has `only` and `ignore`.
 *
 * @example
 * ```ts no-eval
 * import { cleanTest, flushLoggedErrors } from "@torsion/reactor/testing";
 * import { connectedServerAndClient, TestPeer } from "@torsion/reactor/testing";
 * import { Protocol } from "@torsion/reactor/protocol";
 *
 * class Strict extends Protocol {
 *   override dataReceived(): void {
 *     throw new RangeError("no data expected");
 *   }
 * }
 *
 * cleanTest("Strict loses the connection when it receives data", () => {
 *   using pair = connectedServerAndClient(Strict, TestPeer);
 *   pair.client.send("x");
 *   pair.pump.flush();
 *   console.log(pair.serverReason?.name); // RangeError
 *   flushLoggedErrors(RangeError); // without this line, the test fails
 * });
 * ```
 */
export const cleanTest: CleanTest = Object.assign(define({}), {
  only: define({ only: true }),
  ignore: define({ ignore: true }),
});

/** The arguments of `Deno.test`, in all forms. */
type Argument = string | CleanTestFunction | CleanTestOptions | CleanTestDefinition | undefined;

function define(mode: Pick<Deno.TestDefinition, "only" | "ignore">): DefineCleanTest {
  return (...args: [Argument, Argument?, Argument?]) => {
    Deno.test({ ...definitionOf(args), ...mode });
  };
}

function definitionOf(args: readonly Argument[]): Deno.TestDefinition {
  const definition: Partial<CleanTestDefinition> = {};
  for (const each of args) {
    if (typeof each === "string") definition.name = each;
    else if (typeof each === "function") definition.fn = each;
    else Object.assign(definition, each);
  }
  const { fn } = definition;
  if (typeof fn !== "function") {
    throw new TypeError(`Cannot define a test: it must have a function, got ${quote(fn)}`);
  }
  const name = definition.name ?? fn.name;
  if (typeof name !== "string" || name === "") {
    throw new TypeError(`Cannot define a test: it must have a name, got ${quote(name)}`);
  }
  return { ...definition, name, fn: checkClean(fn) };
}
