// What a file operation that failed is called: in base, because readers of data sets say it too.
export { explainFileError, FileError, systemCode } from "../../base/file-error.ts";
