//! The connection to a client: it ends where the client takes nothing for a while, and is closed so that the client still
//! reads the last answer.

use std::future::Future;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// How long a client may take nothing of its answer.
const STALL: Duration = Duration::from_secs(30);
/// Bytes read at once of what is thrown away.
const SCRATCH: usize = 16 << 10;

/// How long a connection that is over is still read from.
#[derive(Debug, Clone, Copy)]
pub struct Linger {
    /// While nothing comes.
    pub idle: Duration,
    /// Whatever comes.
    pub whole: Duration,
}

impl Linger {
    pub const USUAL: Self = Self { idle: Duration::from_secs(2), whole: Duration::from_secs(30) };
}

/// How far a connection that ends is.
enum Ending {
    Open,
    /// Nothing is sent any more; what comes is read and thrown away, until one of these times is over.
    Lingering {
        idle: Pin<Box<Sleep>>,
        whole: Pin<Box<Sleep>>,
    },
}

/// A connection as the server of HTTP reads and writes it.
pub struct Client {
    stream: TcpStream,
    linger: Linger,
    /// Runs while the client takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
    ending: Ending,
}

fn timer(time: Duration) -> Pin<Box<Sleep>> {
    Box::pin(tokio::time::sleep(time))
}

impl Client {
    pub fn new(stream: TcpStream, linger: Linger) -> Self {
        Self { stream, linger, stalled: None, ending: Ending::Open }
    }

    fn written(&mut self, cx: &mut Context<'_>, written: Poll<Result<usize>>) -> Poll<Result<usize>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        match self.stalled.get_or_insert_with(|| timer(STALL)).as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the client takes nothing"))),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Reads what still comes, until the client closes its side or the time is over.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Ending::Lingering { idle, whole } = &mut self.ending else { return Poll::Ready(()) };
        let mut scratch = [0; SCRATCH];
        loop {
            if whole.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            let mut into = ReadBuf::new(&mut scratch);
            match Pin::new(&mut self.stream).poll_read(cx, &mut into) {
                Poll::Ready(Ok(())) if !into.filled().is_empty() => *idle = timer(self.linger.idle),
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return idle.as_mut().poll(cx),
            }
        }
    }
}

impl AsyncRead for Client {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Client {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Ends in stages (RFC 9112, section 9.6): a connection that is closed while bytes lie unread is reset, and a client that
    /// was refused in the middle of its upload would see that in place of the answer.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if matches!(self.ending, Ending::Open) {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            self.ending =
                Ending::Lingering { idle: timer(self.linger.idle), whole: timer(self.linger.whole) };
        }
        self.poll_linger(cx).map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::thread;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(50);
    /// More than the buffers of both ends hold.
    const LARGE: usize = 64 << 20;

    /// Says "no" to a client, whatever it sends, and closes the connection: what the client gives back.
    fn refuse<T: Send + 'static>(
        linger: Linger,
        ask: impl FnOnce(std::net::TcpStream) -> T + Send + 'static,
    ) -> T {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("its address");
            let asking =
                thread::spawn(move || ask(std::net::TcpStream::connect(address).expect("it listens")));
            let mut client = Client::new(listener.accept().await.expect("a client").0, linger);
            client.write_all(b"no").await.expect("the client is there");
            tokio::time::timeout(LONG, client.shutdown())
                .await
                .expect("it is closed in time")
                .expect("it is closed in good order");
            drop(client);
            tokio::task::spawn_blocking(|| asking.join().expect("the client is content"))
                .await
                .expect("the client is content")
        })
    }

    #[test]
    fn who_sends_all_before_it_reads_gets_the_answer() {
        let answer = refuse(Linger { idle: LONG, whole: LONG }, |mut stream| {
            stream.write_all(&vec![1; LARGE]).expect("all of it is taken");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).expect("the answer comes");
            answer
        });
        assert_eq!(answer, "no");
    }

    #[test]
    fn who_neither_sends_nor_closes_is_left() {
        let (done, wait) = std::sync::mpsc::channel::<()>();
        refuse(Linger { idle: SHORT, whole: LONG * 60 }, move |stream| {
            // Held until the other side has closed.
            thread::spawn(move || (wait.recv(), stream));
        });
        drop(done);
    }

    #[test]
    fn who_never_stops_sending_is_left() {
        refuse(Linger { idle: LONG * 60, whole: SHORT }, |mut stream| {
            while stream.write_all(b"more").is_ok() {
                thread::sleep(Duration::from_millis(1));
            }
        });
    }
}
