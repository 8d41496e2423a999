export {
  Certificate,
  type CertificateFiles,
  type CertificateNames,
  type CertificateOptions,
  certificateFrom,
  type Renewal,
} from './certificate.js';
export * from './client-tls.js';
