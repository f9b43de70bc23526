/**
 * Runs a parser over many inputs. Inputs that reach new code join the corpus, so that the next
 * inputs are made from them.
 *
 * @module
 */

import process from "node:process";
import { type Random, randomFrom } from "../chaos/plan.ts";
import { checkInput, type Outcome } from "./check_input.ts";
import type { CodeCoverage } from "./code_coverage.ts";
import type { FuzzTarget } from "./fuzz_target.ts";
import { type Input, randomSizes, textOf } from "./input.ts";
import { Mutation } from "./mutation.ts";

/** Inputs between two readings of the coverage, which take 2 ms. */
const BATCH = 256;

/** An input that breaks a rule. */
export class FuzzFailure extends Error {
  override readonly name = "FuzzFailure";

  /**
   * @param target The parser.
   * @param input The smallest input that was found.
   * @param cause The rule that it breaks.
   */
  constructor(target: FuzzTarget, { bytes, sizes }: Input, cause: unknown) {
    super(
      `${target.name} fails for ${textOf(bytes)} in chunks of ${JSON.stringify(sizes)}: ${cause}`,
      { cause },
    );
  }
}

/** Fuzzes one parser. */
export class Fuzzer {
  /** The inputs that were checked. */
  inputs = 0;
  /** The frames that were decoded. */
  frames = 0;
  /** The greatest number of bytes that waited in the decoder. */
  buffered = 0;
  /** How often each way to end occurred. */
  readonly ends = new Map<string, number>();
  /** The inputs of the corpus that this run has found. */
  readonly found: Uint8Array[] = [];
  readonly #target: FuzzTarget;
  readonly #random: Random;
  readonly #mutation: Mutation;
  readonly #corpus: Uint8Array[];

  /**
   * @param target The parser.
   * @param corpus The inputs to begin with.
   * @param seed The seed of all decisions.
   */
  constructor(target: FuzzTarget, corpus: readonly Uint8Array[], seed: number) {
    this.#target = target;
    this.#corpus = [...corpus];
    this.#random = randomFrom(seed);
    this.#mutation = new Mutation(this.#random, target.tokens);
  }

  /** Checks the whole corpus, and as many random inputs. */
  check(count: number): void {
    for (const bytes of this.#corpus) {
      for (const sizes of [[1], randomSizes(this.#random)]) this.#check({ bytes, sizes });
    }
    for (let i = 0; i < count; i++) this.#check(this.#next());
  }

  /**
   * Checks random inputs, and collects those that reach new code.
   *
   * @param milliseconds The processor time to use. The last batch may take a little longer.
   * @param coverage The code to reach.
   */
  async run(milliseconds: number, coverage: CodeCoverage): Promise<void> {
    await coverage.start();
    this.check(0);
    await coverage.add();
    const start = processorTime();
    while (processorTime() - start < milliseconds) {
      const inputs = Array.from({ length: BATCH }, () => this.#next());
      for (const input of inputs) this.#check(input);
      if (await coverage.peek()) await this.#collect(inputs, coverage);
    }
  }

  /** Adds the inputs of a batch that reach new code to the corpus. */
  async #collect(inputs: readonly Input[], coverage: CodeCoverage): Promise<void> {
    for (const input of inputs) {
      this.#check(input);
      if (!await coverage.add()) continue;
      this.#corpus.push(input.bytes);
      this.found.push(input.bytes);
    }
  }

  #next(): Input {
    return { bytes: this.#mutation.next(this.#corpus), sizes: randomSizes(this.#random) };
  }

  #check(input: Input): void {
    const withProtocol = this.inputs % 16 === 0;
    let outcome: Outcome;
    try {
      outcome = checkInput(this.#target, input, withProtocol);
    } catch (error) {
      throw this.#shrunk(input, error);
    }
    this.inputs++;
    this.frames += outcome.frames;
    this.buffered = Math.max(this.buffered, outcome.buffered);
    this.ends.set(outcome.end, (this.ends.get(outcome.end) ?? 0) + 1);
  }

  /** Removes parts of an input for as long as it fails. */
  #shrunk(input: Input, cause: unknown): FuzzFailure {
    let [smallest, reason] = [input, cause];
    for (let size = input.bytes.length; size >= 1; size = Math.floor(size / 2)) {
      for (let start = 0; start < smallest.bytes.length;) {
        const bytes = Uint8Array.from([
          ...smallest.bytes.subarray(0, start),
          ...smallest.bytes.subarray(start + size),
        ]);
        const error = this.#errorOf({ ...smallest, bytes });
        if (error === undefined) start += size;
        else [smallest, reason] = [{ ...smallest, bytes }, error];
      }
    }
    return new FuzzFailure(this.#target, smallest, reason);
  }

  #errorOf(input: Input): unknown {
    try {
      checkInput(this.#target, input, true);
      return undefined;
    } catch (error) {
      return error;
    }
  }
}

/** Returns the processor time of this process, in milliseconds. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
