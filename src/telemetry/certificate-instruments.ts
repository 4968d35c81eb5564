/** What is counted of certificates and who asks for them (MT-005), under istiod's names. */
import type { Instruments } from './instruments.js';

export const certificateInstruments = (make: Instruments) => ({
  certificates: make.counter('citadel_server_success_cert_issuance_count', 'Certificates issued.'),
  authenticationFailures: make.counter('citadel_server_authentication_failure_count', 'Peers refused for bad or missing credentials.'),
  csrs: make.counter('citadel_server_csr_count', 'Certificate requests received.'),
  csrParsingErrors: make.counter('citadel_server_csr_parsing_err_count', 'Certificate requests that could not be read or have a weak key.'),
  csrSignErrors: make.counter(
    'citadel_server_csr_sign_err_count',
    'Certificate requests that were not signed, for their lifetime or a failure, by error.',
    ['error'],
  ),
  idExtractionErrors: make.counter(
    'citadel_server_id_extraction_err_count',
    'Certificate requests of callers whose identity can have no certificate.',
  ),
  secretErrors: make.counter('pilot_sds_certificate_errors_total', 'Times that no certificate could be made for a connected workload.'),
});
