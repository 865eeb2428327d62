// `--labels file --agree k/n`: accuracy by re-assessed labels beside the plain one.
import { FormatError, UsageError } from "../../base/errors.ts";
import type { ImageSource } from "../../data/source.ts";
import { type Accepted, agreedBy, type Reassessment, reassess } from "../../evaluate/accepted-labels.ts";
import type { Evaluation } from "../../evaluate/evaluate.ts";
import { predictedClasses } from "../../evaluate/top-k.ts";
import { readLabelFile } from "./label-file.ts";
import { matchEntries } from "./match-entries.ts";

export interface ReassessmentOptions {
  /** A file of accepted labels (ReaL's JSON) or of annotators' votes; see label-file.ts. */
  readonly labels?: string;
  /** "4/5": an answer counts as right when at least 4 of an image's 5 annotators accept it. For votes, and needed by them. */
  readonly agree?: string;
}

/** At least `k` of `n`. */
export interface Agreement {
  readonly k: number;
  readonly n: number;
}

/** Throws UsageError for what is not "k/n" with 1 ≤ k ≤ n ≤ 1000, and without a file of labels. */
export const agreementOf = ({ labels, agree }: ReassessmentOptions): Agreement | null => {
  if (agree === undefined) return null;
  if (labels === undefined) throw new UsageError("--agree is for annotators' votes; give their file with --labels");
  const [, k = 0, n = 0] = (/^(\d{1,4})\/(\d{1,4})$/.exec(agree) ?? []).map(Number);
  if (k >= 1 && k <= n && n <= 1000) return { k, n };
  throw new UsageError(`--agree should be so many of so many annotators, such as 4/5, but is "${agree}"`);
};

/** What is right for each image of the source, and how that was found. */
export interface AssessedLabels {
  readonly accepted: readonly Accepted[];
  readonly file: string;
  readonly agreement: Agreement | null;
  readonly by: string;
  readonly unmatched: number;
}

/** Reads the file that the options name; null without one. Throws UsageError and FormatError, naming the image that is wrong. */
export const openAssessed = async (
  options: ReassessmentOptions,
  classes: readonly string[],
  source: ImageSource,
  cwd: string,
): Promise<AssessedLabels | null> => {
  const agreement = agreementOf(options);
  if (options.labels === undefined) return null;
  const file = await readLabelFile(options.labels, classes, cwd);
  if (file.kind === "votes" && agreement === null) {
    throw new UsageError(`${file.path} holds the votes of annotators; say how many have to agree, such as --agree 4/5`);
  }
  if (file.kind === "accepted" && agreement !== null) {
    throw new UsageError(`${file.path} holds accepted labels, not annotators' votes; leave out --agree`);
  }
  const { votes, by, unmatched } = matchEntries(file, source);
  const accepted = votes.map((given, image): Accepted => {
    if (given === null || agreement === null) return agreedBy(given, 1);
    if (given.length === agreement.n) return agreedBy(given, agreement.k);
    const name = source.kind === "files" ? source.paths[image] : `image ${image}`;
    throw new FormatError(
      file.path,
      `${name} was judged by ${given.length} annotators but --agree asks for ${agreement.k} of ${agreement.n}`,
    );
  });
  return { accepted, file: file.path, agreement, by, unmatched };
};

/** The images of an evaluation, judged anew. */
export const reassessEvaluation = (
  { images, logits, labels }: Evaluation,
  { accepted }: AssessedLabels,
): Reassessment =>
  reassess(
    predictedClasses(logits),
    labels,
    Array.from(images, (image) => accepted[image] ?? null),
  );
