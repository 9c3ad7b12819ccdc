import { createSocket } from 'node:dgram';
import { formatAddress, type Address } from '../pipeline/address.ts';
import { within } from '../pipeline/deadline.ts';
import { messageOf, systemCodeOf, XraydError } from '../pipeline/errors.ts';

const HEADER = '{"format":"json","version":1}\n';
/** Within this time a closed port is reported, on the same machine or in the same cluster. */
const REFUSAL_WAIT_MS = 50;
/** Time limit for connecting the socket, which binds it and looks up the name. */
const LOOKUP_MS = 5_000;

/** Sends documents to a daemon's UDP port. Throws XRAYD_SEND if the machine reports that nothing listens there. */
export async function sendDocuments(documents: readonly string[], address: Address): Promise<void> {
  const socket = createSocket(address.host.includes(':') ? 'udp6' : 'udp4');
  try {
    // A connected socket is told about a closed port: when it reads, or at its next send.
    const failure = new Promise<never>((_resolve, reject) => socket.on('error', reject));
    // Node passes a failed look-up only to the callback.
    const connected = new Promise<void>((done, failed) =>
      socket.connect(address.port, address.host, ((error?: Error) => (error ? failed(error) : done())) as () => void),
    );
    await within(LOOKUP_MS, `looking up ${address.host}`, () => Promise.race([failure, connected]));
    for (const document of documents) {
      const sent = new Promise<void>((done, failed) => {
        socket.send(HEADER + document, (error) => (error ? failed(error) : done()));
      });
      await Promise.race([failure, sent]);
      await Promise.race([failure, new Promise((next) => setTimeout(next, REFUSAL_WAIT_MS))]);
    }
  } catch (error) {
    const reason =
      systemCodeOf(error) === 'ECONNREFUSED'
        ? 'nothing listens there. Start a daemon, for example: xrayd local'
        : messageOf(error);
    throw new XraydError('XRAYD_SEND', `cannot send to UDP ${formatAddress(address)}: ${reason}`, { cause: error });
  } finally {
    socket.close();
  }
}
