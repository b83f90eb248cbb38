"""Certificates for one lab, made with the openssl command: authorities and what they vouch for."""

import base64
import os
import subprocess

from lab import Failed


class Authority:
    """An authority in a folder of its own, and the certificates it has issued there."""

    def __init__(self, folder, name="ca"):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.ca = self._path(name + ".pem")
        self._key = self._path(name + ".key")
        self._run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                  "-keyout", self._key, "-out", self.ca, "-days", "2", "-subj", f"/CN={name}")

    def issue(self, name, alternatives, days=2):
        """(certificate, key), good from now for `days`; a negative number has expired."""
        certificate, key = self._path(name + ".pem"), self._path(name + ".key")
        request, extensions = self._path(name + ".csr"), self._path(name + ".ext")
        self._run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                  "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        with open(extensions, "w", encoding="ascii") as file:
            file.write(f"subjectAltName={alternatives}\nbasicConstraints=CA:FALSE\n")
        self._run("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._key,
                  "-CAcreateserial", "-days", str(days), "-extfile", extensions,
                  "-out", certificate)
        return certificate, key

    def _path(self, name):
        return os.path.join(self.folder, name)

    @staticmethod
    def _run(*words):
        done = subprocess.run(["openssl", *words], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(f"openssl {' '.join(words)}: {done.stderr}")


def pin_of(certificate):
    """The SHA-256 pin of a certificate's public key, as docs/transfers.md tells to make it."""
    command = (f"openssl x509 -in '{certificate}' -pubkey -noout | openssl pkey -pubin -outform der"
               " | openssl dgst -sha256 -binary")
    return base64.b64encode(subprocess.run(command, shell=True, capture_output=True,
                                           check=True).stdout).decode()
