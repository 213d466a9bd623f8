import { derOfPem, DEV_NAMES, makeDevCertificate, sha256Hex } from "../dev_cert.ts";
import { readUserFile } from "../connect_plan.ts";
import { CliError, EXIT, usageError } from "../errors.ts";
import { join } from "node:path";

/** The certificate that a server uses, and where it comes from. */
export interface ServerCertificate {
  /** The chain, PEM. */
  readonly cert: string;
  /** The key, PEM. */
  readonly key: string;
  /** SHA-256 of the leaf, in lower-case hex. */
  readonly sha256: string;
  /** The file or directory it is in; `undefined` when it was made and written nowhere. */
  readonly path: string | undefined;
  /** The names it covers, where it was made here. */
  readonly names: readonly string[] | undefined;
  /** The last moment of validity, where it was made here. */
  readonly notAfter: Date | undefined;
}

/** What the user says about the certificate. */
export interface CertificateFlags {
  /** A chain, PEM. */
  readonly cert?: string;
  /** Its key, PEM. */
  readonly key?: string;
  /** Where to keep the one that is made. */
  readonly certOut?: string;
}

async function keep(directory: string, cert: string, key: string): Promise<void> {
  try {
    await Deno.mkdir(directory, { recursive: true });
    await Deno.writeTextFile(join(directory, "cert.pem"), cert);
    await Deno.writeTextFile(join(directory, "key.pem"), key, { mode: 0o600 });
  } catch (error) {
    throw new CliError(
      `cannot write the certificate to ${directory}: ${error instanceof Error ? error.message : error}`,
      {
        code: "file",
        exit: error instanceof Deno.errors.NotCapable ? EXIT.PERMISSION : EXIT.USAGE,
        cause: error,
      },
    );
  }
}

/** Reads the certificate that the user names, or makes one for `hostname` and the loopback names. */
export async function serverCertificate(
  flags: CertificateFlags,
  hostname: string,
): Promise<ServerCertificate> {
  if ((flags.cert === undefined) !== (flags.key === undefined)) {
    throw usageError(flags.cert === undefined ? "--key needs --cert" : "--cert needs --key");
  }
  if (flags.cert !== undefined && flags.key !== undefined) {
    if (flags.certOut !== undefined) {
      throw usageError("--cert-out keeps a certificate that is made, --cert names one");
    }
    const cert = await readUserFile(flags.cert, "certificate file");
    const key = await readUserFile(flags.key, "key file");
    const der = derOfPem(cert);
    if (der === undefined || !key.includes("PRIVATE KEY-----")) {
      const wrong = der === undefined
        ? `${flags.cert} holds no certificate`
        : `${flags.key} holds no private key`;
      throw new CliError(`the file ${wrong} in PEM`, { code: "file", exit: EXIT.USAGE });
    }
    return {
      cert,
      key,
      sha256: await sha256Hex(der),
      path: flags.cert,
      names: undefined,
      notAfter: undefined,
    };
  }
  const anywhere = hostname === "0.0.0.0" || hostname === "::";
  const made = await makeDevCertificate({ names: anywhere ? [] : [hostname] });
  if (flags.certOut !== undefined) await keep(flags.certOut, made.cert, made.key);
  return {
    cert: made.cert,
    key: made.key,
    sha256: made.sha256,
    path: flags.certOut,
    names: [...new Set([...DEV_NAMES, ...anywhere ? [] : [hostname]])],
    notAfter: made.notAfter,
  };
}
