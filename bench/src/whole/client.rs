//! One connection that is kept, and opened again where the other side ended it.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// A client of one server.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    token: Option<&'static str>,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    /// Of the server at this address; nothing is opened yet.
    pub const fn new(address: SocketAddr) -> Self {
        Self {
            address,
            token: None,
            connection: None,
        }
    }

    /// As [`Client::new`], with the token that operators send.
    pub const fn admin(address: SocketAddr) -> Self {
        Self {
            address,
            token: Some(super::ADMIN_TOKEN),
            connection: None,
        }
    }

    /// Post a body, with a signature in the header for that where it is not empty.
    pub async fn post(
        &mut self,
        path: &str,
        body: Bytes,
        signature: &str,
    ) -> Result<(StatusCode, Bytes)> {
        let mut request = Request::post(path)
            .header(header::HOST, self.address.to_string())
            .header(header::CONTENT_TYPE, "application/json");
        if !signature.is_empty() {
            request = request.header("x-merge-webhook-signature", signature);
        }
        self.send(request.body(Full::new(body))?).await
    }

    /// Get what is there.
    pub async fn get(&mut self, path: &str) -> Result<(StatusCode, Bytes)> {
        let request = Request::get(path)
            .header(header::HOST, self.address.to_string())
            .body(Full::default())?;
        self.send(request).await
    }

    async fn send(&mut self, mut request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes)> {
        if let Some(token) = self.token {
            let bearer = format!("Bearer {token}").parse()?;
            request.headers_mut().insert(header::AUTHORIZATION, bearer);
        }
        let kept = self.connection.take();
        let mut connection = match kept {
            Some(open) => match ready(open).await {
                Some(open) => open,
                None => self.open().await?,
            },
            None => self.open().await?,
        };
        let response = connection.send_request(request).await;
        let response = response.with_context(|| format!("{} did not answer", self.address))?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        self.connection = Some(connection);
        Ok((status, body))
    }

    async fn open(&self) -> Result<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect(self.address)
            .await
            .with_context(|| format!("could not reach {}", self.address))?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // How it ended is told to whoever sends next.
            let _ = connection.await;
        });
        Ok(sender)
    }
}

/// The connection, once it can take another request; nothing if it has ended.
async fn ready(mut open: SendRequest<Full<Bytes>>) -> Option<SendRequest<Full<Bytes>>> {
    open.ready().await.is_ok().then_some(open)
}
