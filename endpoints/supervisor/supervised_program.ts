import type { SpawnProcessOptions } from "../../reactor/interfaces/mod.ts";

/** A program that a {@linkcode Supervisor} runs. */
export interface SupervisedProgram
  extends Pick<SpawnProcessOptions, "args" | "env" | "path" | "uid" | "gid"> {
  /** The program: a path, or a name that is looked up in `PATH`. */
  executable: string;
}
