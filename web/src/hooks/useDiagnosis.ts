import { useEffect, useState } from "react";
import { createDiagnosis, type Diagnosis } from "../call/diagnosis";

/** Made when the page appears, ended when it goes. */
export function useDiagnosis(): Diagnosis | null {
  const [diagnosis, setDiagnosis] = useState<Diagnosis | null>(null);
  useEffect(() => {
    const made = createDiagnosis();
    setDiagnosis(made);
    return () => {
      setDiagnosis(null);
      made.dispose();
    };
  }, []);
  return diagnosis;
}
