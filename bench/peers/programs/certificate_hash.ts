/** SHA-256 of a certificate: the pin by which a self-signed one is taken. */
export async function certificateHash(pem: string): Promise<ArrayBuffer> {
  const base64 = pem.replaceAll(/-----[^-]+-----|\s/g, "");
  return await crypto.subtle.digest("SHA-256", Uint8Array.fromBase64(base64));
}
