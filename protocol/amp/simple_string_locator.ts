import type { BoxResponder, IResponderLocator } from "./box_receiver.ts";

/** The beginning of the names of methods that respond to commands. */
const PREFIX = "amp_";

/**
 * Returns the method of an object that responds to a command: the one whose name is `amp_` and the
 * name of the command in capitals.
 *
 * @param owner The object.
 * @param name The name of the command.
 * @returns The responder; `null` if the object has no such method.
 */
export function locateMethod(owner: object, name: string): BoxResponder | null {
  const method: unknown = Reflect.get(owner, PREFIX + name.toUpperCase());
  // The cast is safe if the method has the type that its name promises; if not, its result is
  // refused.
  return typeof method === "function" ? (method as BoxResponder).bind(owner) : null;
}

/**
 * The base class of locators whose methods respond to commands: `amp_HELLO(box)` responds to the
 * command `hello` with a box. Twisted's `SimpleStringLocator`. An {@linkcode AMP} may have such
 * methods, too. They encode and decode the boxes themselves; {@linkcode CommandLocator} does that
 * for its responders.
 *
 * @example
 * ```ts
 * import { AMP, AmpBox, SimpleStringLocator } from "@torsion/reactor/amp";
 *
 * class Greeter extends SimpleStringLocator {
 *   amp_HELLO(box: AmpBox): AmpBox {
 *     return new AmpBox({ greeting: box.get("name") ?? "you" });
 *   }
 * }
 *
 * const protocol = new AMP({ locator: new Greeter() });
 * ```
 */
export class SimpleStringLocator implements IResponderLocator {
  /** Returns the method that responds to a command; `null` if there is none. */
  locateResponder(name: string): BoxResponder | null {
    return locateMethod(this, name);
  }
}
